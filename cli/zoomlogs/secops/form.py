"""The forms of Google's answers. An answer of another form is an error with a sentence, never an empty answer."""

from __future__ import annotations

from typing import Any

from zoom_operationlogs.records import utc

Form = object


class FormError(Exception):
    """A part of an answer is not of its form. `path` leads to it, from the outside in."""

    def __init__(self, path: str, wanted: str) -> None:
        """Take where it is, and what it should be."""
        super().__init__(path, wanted)
        self.path, self.wanted = path, wanted

    def within(self, part: str) -> FormError:
        """Return the same error, seen from the value that contains `part`."""
        return FormError(part + self.path, self.wanted)


def timestamp(value: Any) -> bool:
    """Tell whether a value is a Timestamp of proto3 JSON."""
    return utc(value) is not None


def check(value: Any, form: Form) -> None:
    """Raise `FormError` unless a JSON value has the form.

    A form is an object's fields with their forms, a list's only element, a type, or `timestamp`. Fields may be absent;
    null is the same as absent in proto3 JSON, so it is removed. Fields that the form does not name are ignored; a name
    that begins with `*` means all names with that ending.
    """
    if isinstance(form, dict):
        if not isinstance(value, dict):
            raise FormError("", "an object")
        for name, inner in form.items():
            for found in [each for each in value if each.endswith(name[1:])] if name[0] == "*" else [name]:
                if value.get(found) is None:
                    value.pop(found, None)
                    continue
                try:
                    check(value[found], inner)
                except FormError as error:
                    raise error.within(f".{found}") from None
    elif isinstance(form, list):
        if not isinstance(value, list):
            raise FormError("", "a list")
        for number, element in enumerate(value):
            try:
                check(element, form[0])
            except FormError as error:
                raise error.within(f"[{number}]") from None
    elif not (isinstance(value, form) if isinstance(form, type) else form is timestamp and timestamp(value)):
        raise FormError("", _NAMES[form])


_NAMES: dict[Any, str] = {str: "a string", bool: "true or false", timestamp: "a time"}
