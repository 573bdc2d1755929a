"""`zoomlogs reader-key`: the key goes from IAM into Secrets Manager, is never lost, and is never shown."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import botocore.client
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from security.leaks import spellings
from standins.aws import Keys
from zoomlogs.access_keys import AccessKey, KnownKey, NotAKeyError, parse, to_retire
from zoomlogs.errors import CommandError

from .conftest import World
from .deployments import ACCOUNT, KEY_SECRET, USER, body, module

PAGE = Path(__file__).resolve().parents[2] / "docs" / "feed.md"

pytestmark = pytest.mark.slow


def keys_of(aws):
    return {key["AccessKeyId"] for key in aws.client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]}


def use(aws, key):
    """Sign a request with the key, as the feed does."""
    keys = Keys(key["access_key_id"], key["secret_access_key"])
    aws.client("sts", keys).get_caller_identity()


@pytest.fixture
def fail(monkeypatch):
    """Let an operation of AWS's fail; `after` carries it out first, as a lost answer does."""
    real = botocore.client.BaseClient._make_api_call
    failures = {}

    def call(self, operation, parameters):
        if operation not in failures:
            return real(self, operation, parameters)
        error, after = failures[operation]
        if after:
            real(self, operation, parameters)
        raise error

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)

    def failing(operation, error, *, after=False):
        failures[operation] = (error, after)
        return failures

    return failing


def denied(operation):
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "You may not."}}, operation)


# --- create ----------------------------------------------------------------------------------------------------------


def test_the_first_key_goes_into_the_secret_and_nowhere_else(world: World, aws, stored):
    ran = world.run("reader-key", "create")
    assert ran.status == 0
    key = stored()
    assert keys_of(aws) == {key["access_key_id"]}
    said = f"Created the access key {key['access_key_id']} of {USER}, and stored it in the secret {KEY_SECRET}."
    assert said in ran.out
    assert "Next: `zoomlogs feed apply`" in ran.out
    use(aws, key)  # it works
    for text in world.said:
        assert not [spelling for spelling in spellings(key["secret_access_key"]) if spelling in text.encode()]


def test_a_secret_that_waits_empty_is_filled(world: World, aws, stored):
    aws.client("secretsmanager").create_secret(Name=KEY_SECRET)
    assert world.run("reader-key", "create", "--json").json["access_key_id"] == stored()["access_key_id"]


def test_a_key_of_the_customer_s_encrypts_the_new_secret(world: World, aws):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert world.run("reader-key", "create", "--kms-key", key).status == 0
    assert aws.client("secretsmanager").describe_secret(SecretId=KEY_SECRET)["KmsKeyId"] == key


WANTS_AN_OWNER = {
    "Action": ["secretsmanager:CreateSecret"],
    "Condition": {"Null": {"aws:RequestTag/owner": "true"}},
}
"""What an organisation says that lets nothing be made without its tags."""


def test_a_new_secret_has_the_users_tags(world: World, aws):
    with aws.service_control_policy(WANTS_AN_OWNER):
        ran = world.run("reader-key", "create")
    assert ran.status == 0, ran.err
    tags = aws.client("secretsmanager").describe_secret(SecretId=KEY_SECRET)["Tags"]
    assert tags == [{"Key": "owner", "Value": "security"}]


def test_an_organisation_that_wants_other_tags_is_named(world: World, aws):
    outputs = module()
    outputs["reader"]["tags"] = {"team": "security"}
    world.outputs(outputs)
    with aws.service_control_policy(WANTS_AN_OWNER):
        ran = world.run("reader-key", "create")
    assert ran.status == 1
    assert "with an explicit deny in a service control policy" in ran.err
    assert keys_of(aws) == set()


def test_a_second_create_is_refused(world: World, aws, stored):
    world.run("reader-key", "create")
    before = stored()
    ran = world.run("reader-key", "create")
    assert ran.status == 2
    assert f"already holds the key {before['access_key_id']} of {USER}:" in ran.err
    assert (stored(), len(keys_of(aws))) == (before, 1)


def test_a_user_with_two_keys_gets_no_third(world: World, aws):
    for _ in range(2):
        aws.client("iam").create_access_key(UserName=USER)
    ran = world.run("reader-key", "create")
    assert ran.status == 2
    assert f"The user {USER} already has two access keys, AKIA" in ran.err
    assert "delete the unused one" in ran.err
    assert len(keys_of(aws)) == 2


@pytest.mark.parametrize("mode", ["role", "none"])
def test_other_modes_have_no_key(world: World, mode):
    world.outputs(module(body(mode=mode), mode=mode))
    for arguments in (["create"], ["rotate"], ["rotate", "--finish"], ["list"]):
        ran = world.run("reader-key", *arguments)
        assert (ran.status, f"has the mode {mode}, which has no access key" in ran.err) == (2, True)


# --- nothing is lost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue"])
def test_a_key_that_cannot_be_stored_is_deleted_again(world: World, aws, fail, operation):
    if operation == "PutSecretValue":
        aws.client("secretsmanager").create_secret(Name=KEY_SECRET)
    fail(operation, denied(operation))
    ran = world.run("reader-key", "create")
    assert ran.status == 1
    assert (
        f"could not be stored in {KEY_SECRET}, and was deleted again: You may not (AccessDeniedException)." in ran.err
    )
    assert keys_of(aws) == set()


def test_ctrl_c_while_storing_leaves_no_key(world: World, aws, fail):
    fail("PutSecretValue", KeyboardInterrupt())
    assert world.run("reader-key", "create").status != 0
    assert keys_of(aws) == set()


def test_a_key_that_is_stored_though_the_answer_was_lost_is_kept(world: World, aws, fail, stored):
    fail("CreateSecret", ReadTimeoutError(endpoint_url="https://secretsmanager"), after=True)
    assert world.run("reader-key", "create").status == 0
    assert keys_of(aws) == {stored()["access_key_id"]}


def test_a_key_that_may_not_even_be_deleted_again_is_named(world: World, aws, fail):
    fail("PutSecretValue", EndpointConnectionError(endpoint_url="https://secretsmanager"))
    failures = fail("DeleteAccessKey", denied("DeleteAccessKey"))
    ran = world.run("reader-key", "create")
    failures.clear()
    [left] = keys_of(aws)
    assert ran.status == 1
    assert (
        f"The new key {left} of {USER} could neither be stored nor deleted again: delete it in IAM by hand" in ran.err
    )


# --- rotate ----------------------------------------------------------------------------------------------------------


def test_a_rotation_from_end_to_end(world: World, aws, stored):
    world.run("reader-key", "create")
    world.run("feed", "apply", "--yes")
    old = stored()
    use(aws, old)
    ran = world.run("reader-key", "rotate")
    assert ran.status == 0
    new = stored()
    assert (new != old, stored("AWSPREVIOUS")) == (True, old)
    assert keys_of(aws) == {old["access_key_id"], new["access_key_id"]}
    assert f"{old['access_key_id']} still works, so the feed continues to read." in ran.out

    # Not yet: nobody has seen the new key at work.
    ran = world.run("reader-key", "rotate", "--finish")
    assert (ran.status, "AWS has not seen the new key" in ran.err) == (1, True)
    assert "AWS allows no third: finish the last rotation" in world.run("reader-key", "rotate").err

    # Not yet: the old one was used after it.
    use(aws, new)
    use(aws, old)
    ran = world.run("reader-key", "rotate", "--finish")
    assert (ran.status, f"The old key {old['access_key_id']} was used at" in ran.err) == (1, True)
    assert len(keys_of(aws)) == 2

    assert f"→ {new['access_key_id']}" in world.run("feed", "apply", "--yes").out
    use(aws, new)
    listed = world.run("reader-key", "list", "--json").json
    assert [(key["access_key_id"], key["stored"]) for key in listed["keys"]] == [
        (old["access_key_id"], False),
        (new["access_key_id"], True),
    ]
    ran = world.run("reader-key", "rotate", "--finish")
    assert (ran.status, f"Deleted {old['access_key_id']} of {USER}" in ran.out) == (0, True)
    assert keys_of(aws) == {new["access_key_id"]}
    assert "Nothing to delete" in world.run("reader-key", "rotate", "--finish").out
    assert world.run("feed", "apply").out.startswith("Nothing to change")
    for key in (old, new):
        assert not [each for each in spellings(key["secret_access_key"]) if each in "\n".join(world.said).encode()]


def test_before_the_first_key_there_is_nothing_to_rotate(world: World):
    assert "create the first key with `zoomlogs reader-key create`" in world.run("reader-key", "rotate").err
    assert "nothing was rotated" in world.run("reader-key", "rotate", "--finish").err
    assert "run `zoomlogs reader-key create`" in world.run("reader-key", "list").out


def test_a_secret_with_another_content_is_repaired(world: World, aws, stored):
    aws.client("secretsmanager").create_secret(Name=KEY_SECRET, SecretString="a-private-value")
    ran = world.run("feed", "apply", "--yes")
    assert (ran.status, "does not hold" in ran.err, "a-private-value" in ran.err) == (2, True, False)
    assert "holds something else" in world.run("reader-key", "rotate", "--finish").err
    assert world.run("reader-key", "rotate").status == 0
    assert keys_of(aws) == {stored()["access_key_id"]}


def test_the_list_for_people(world: World, stored):
    world.run("reader-key", "create")
    out = world.run("reader-key", "list").out
    [line] = [line for line in out.splitlines() if stored()["access_key_id"] in line]
    assert all(word in line for word in ("active", "never", "yes"))


# --- rights ----------------------------------------------------------------------------------------------------------


def documented(title: str) -> dict:
    """Give the policy on the page under a heading, in the test's account."""
    text = PAGE.read_text()
    [policy] = re.findall(rf"^#+ {re.escape(title)}$.*?^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return json.loads(policy.replace("111122223333", ACCOUNT).replace("eu-west-1", "us-east-1"))


@pytest.fixture
def as_operator(world: World, aws):
    """Run commands as a user with a policy."""
    iam = aws.client("iam")
    made = []

    def become(policy):
        if not made:
            iam.create_user(UserName="operator")
            key = iam.create_access_key(UserName="operator")["AccessKey"]
            made.append(Keys(key["AccessKeyId"], key["SecretAccessKey"]))
        iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=json.dumps(policy))
        world.keys = made[0]
        return world

    yield become
    if made:
        iam.delete_user_policy(UserName="operator", PolicyName="p")
        iam.delete_access_key(UserName="operator", AccessKeyId=made[0].access_key_id)
        iam.delete_user(UserName="operator")


def test_the_documented_policies_are_enough(as_operator, aws, stored):
    for_keys, for_feed = documented("Rights for `zoomlogs reader-key`"), documented("Rights for `zoomlogs feed apply`")
    world = as_operator(for_keys)
    with aws.authorising():
        assert world.run("reader-key", "create").status == 0
    as_operator(for_feed)
    with aws.authorising():
        assert world.run("feed", "apply", "--yes").status == 0
        assert world.run("reader-key", "list").status == 1
    as_operator(for_keys)
    with aws.authorising():
        assert world.run("reader-key", "list").status == 0
        assert world.run("reader-key", "rotate").status == 0
    use(aws, stored())
    with aws.authorising():
        assert world.run("reader-key", "rotate", "--finish").status == 0
    assert len(keys_of(aws)) == 1


def test_every_one_of_the_documented_rights_is_needed(as_operator, aws, stored):
    whole = documented("Rights for `zoomlogs reader-key`")
    actions = {action for statement in whole["Statement"] for action in statement["Action"]}
    assert len(actions) == 10
    only_for_lost_answers = {"secretsmanager:DescribeSecret"}
    for action in sorted(actions - only_for_lost_answers):
        less = {
            **whole,
            "Statement": [
                {**each, "Action": [one for one in each["Action"] if one != action]}
                for each in whole["Statement"]
                if each["Action"] != [action]
            ],
        }
        world = as_operator(less)
        with aws.authorising():
            ran = [world.run("reader-key", "create"), world.run("reader-key", "rotate")]
        if all(each.status == 0 for each in ran):
            use(aws, stored())
            with aws.authorising():
                ran.append(world.run("reader-key", "rotate", "--finish"))
        assert any(each.status for each in ran), f"{action} is not needed"
        assert action.partition(":")[2] in "".join(each.err for each in ran)
        # what it left, by root
        iam, secrets = aws.client("iam"), aws.client("secretsmanager")
        for key in keys_of(aws):
            iam.delete_access_key(UserName=USER, AccessKeyId=key)
        for secret in secrets.list_secrets()["SecretList"]:
            secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


# --- decisions -------------------------------------------------------------------------------------------------------


def known(identifier, last_used=None, *, active=True):
    return KnownKey(identifier, active, datetime(2026, 1, 1, tzinfo=UTC), last_used)


HOUR = [datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in range(24)]


def test_what_a_finished_rotation_leaves_behind():
    new, old = known("NEW", HOUR[10]), known("OLD", HOUR[9])
    assert to_retire("u", [old, new], "NEW") == [old]
    assert to_retire("u", [known("OLD", HOUR[10]), new], "NEW")[0].access_key_id == "OLD"
    assert to_retire("u", [known("OLD"), new], "NEW")[0].access_key_id == "OLD"
    assert to_retire("u", [known("NEW")], "NEW") == []
    for keys, sentence in (
        ([old, known("NEW")], "has not seen the new key NEW"),
        ([known("OLD", HOUR[11]), new], r"OLD was used at 2026-11-24 11:00 UTC, later"),
        ([old], "the key NEW, which is not an active key"),
        ([old, known("NEW", HOUR[10], active=False)], "the key NEW, which is not an active key"),
    ):
        with pytest.raises(CommandError, match=sentence):
            to_retire("u", keys, "NEW")


@pytest.mark.parametrize(
    "text", ["", "private", "[]", '{"access_key_id": "A"}', '{"access_key_id": "A", "secret_access_key": 1}']
)
def test_an_invalid_key_is_not_quoted(text):
    with pytest.raises(NotAKeyError) as raised:
        parse(text, "name")
    assert "private" not in str(raised.value)


def test_a_key_is_stored_as_it_is_read():
    key = AccessKey("AKIA", "a/secret+é")
    assert parse(key.as_secret(), "name") == key
    assert "a/secret" not in repr(key)
