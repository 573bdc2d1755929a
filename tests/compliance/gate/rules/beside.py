"""Conflicts between two uses of the module in one plan."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Rule, Scene
from ..uses import Use, find


def before(scene: Scene) -> Iterator[Use]:
    """Yield the earlier uses that stay: of two in conflict, the later one has the finding."""
    for other in find(scene.plan):
        if other.address == scene.use.address:
            return
        if other.function.stays:
            yield other


def prefixes(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find uses with overlapping prefixes in one bucket, and with conflicting checkpoints."""
    own = scene.use.environment or {}
    for other in before(scene):
        theirs = other.environment or {}
        one, another = own.get("S3_PREFIX", ""), theirs.get("S3_PREFIX", "")
        if one and another and scene.use.bucket_name == other.bucket_name:
            if one.startswith(another) or another.startswith(one):
                said = f"The records of {scene.use.named} go to {one}, and those of {other.named} to {another}."
                yield scene.use.function.address, said
                continue
            key, their_key = own.get("STATE_KEY", ""), theirs.get("STATE_KEY", "")
            if key == their_key:
                said = f"{scene.use.named} and {other.named} share the checkpoint {key}."
                yield scene.use.function.address, said
            elif key.startswith(another) or their_key.startswith(one):
                said = f"A checkpoint is among records: {key} of {scene.use.named}, {their_key} of {other.named}."
                yield scene.use.function.address, said
            elif (key and another.startswith(key)) or (their_key and one.startswith(their_key)):  # as a lifecycle rule
                said = f"A checkpoint begins a prefix: {key} of {scene.use.named}, {their_key} of {other.named}."
                yield scene.use.function.address, said


def names(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find functions with the same name in one account and region."""
    name = scene.use.function.after.get("function_name") if scene.use.function.stays else None
    for other in before(scene):
        same_place = scene.use.account == other.account and scene.use.account.id
        if name and same_place and name == other.function.after.get("function_name"):
            yield (
                scene.use.function.address,
                f"The functions of {scene.use.named} and {other.named} have the same name.",
            )


RULES = (
    Rule(
        "shared-prefix",
        "One feed would read the records of both, and the collectors would replace each other's checkpoint.",
        "Give each its own bucket.prefix: with bucket.prefix and bucket.state_key left out, they follow zoom.report.",
        prefixes,
    ),
    Rule(
        "shared-name",
        "Names must be unique in an account and region: the apply would stop halfway.",
        'Set name_prefix in one of them, such as "sign-ins-".',
        names,
    ),
)
