"""What two uses of the module in one plan have in common and must not."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Rule, Scene
from ..uses import Use, find


def before(scene: Scene) -> Iterator[Use]:
    """Give the uses of the plan before this one that stay: of two that are at odds, the later is named."""
    for other in find(scene.plan):
        if other.address == scene.use.address:
            return
        if other.function.stays:
            yield other


def prefixes(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a prefix that begins with another's in the same bucket, or is the same, and checkpoints at odds."""
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
                said = f"{scene.use.named} and {other.named} have one checkpoint, {key}."
                yield scene.use.function.address, said
            elif key.startswith(another) or their_key.startswith(one):
                said = f"A checkpoint lies among records: {key} of {scene.use.named}, {their_key} of {other.named}."
                yield scene.use.function.address, said


def names(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find two functions of one name in one account and region."""
    name = scene.use.function.after.get("function_name") if scene.use.function.stays else None
    for other in before(scene):
        same_place = scene.use.account == other.account and scene.use.account.id
        if name and same_place and name == other.function.after.get("function_name"):
            yield (
                scene.use.function.address,
                f"The function of {scene.use.named} has the name of that of {other.named}.",
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
        "AWS takes each name once: the apply would stop halfway.",
        'Set name_prefix in one of them, such as "sign-ins-".',
        names,
    ),
)
