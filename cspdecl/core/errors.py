"""The short exception tree: raised only where the caller cannot go on.

    CspdeclError
    ├── ManifestError      the tree of manifests cannot be used at all (empty, unreadable)      exit 65
    ├── ConfigurationError a provider, store or secret is set up so that nothing can start      exit 1
    ├── NotAuthorised      credentials wrong, expired or too weak                               exit 77
    ├── TryLater           throttled beyond the deadline, provider down or not answering        exit 75
    ├── LockHeld           someone else holds the project's lock                                exit 6
    ├── StalePlan          the saved plan no longer fits files or live state                    exit 7
    └── StoreDamaged       the journal or ledger does not verify                                exit 1

Everything a user can cause carries its `Diagnostic`s; a message is a sentence a person can act on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cspdecl.core.diagnostics import Diagnostic


class CspdeclError(Exception):
    """Work cannot go on. `exit_code` is the process's answer; `diagnostics` say why, in print order."""

    exit_code = 1

    def __init__(self, message: str, *, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.diagnostics = diagnostics


class ManifestError(CspdeclError):
    """The manifests are invalid, empty or unreadable: nothing is planned."""

    exit_code = 65


class ConfigurationError(CspdeclError):
    """A provider, store, price list or secret is configured so that nothing can start."""


class NotAuthorised(CspdeclError):  # noqa: N818 - named for what happened, as the exit code is
    """The provider refused the credentials."""

    exit_code = 77


class TryLater(CspdeclError):  # noqa: N818 - named for what the user does next
    """Nothing is wrong with the request; the other side cannot answer it now."""

    exit_code = 75


class LockHeld(CspdeclError):  # noqa: N818 - a state, not a fault
    """Another run holds the project's exclusive lock."""

    exit_code = 6


class StalePlan(CspdeclError):  # noqa: N818 - a state, not a fault
    """The saved plan no longer describes what applying it would meet."""

    exit_code = 7


class StoreDamaged(CspdeclError):  # noqa: N818 - a state, not a fault
    """Journal or ledger are missing, altered or from a newer version."""
