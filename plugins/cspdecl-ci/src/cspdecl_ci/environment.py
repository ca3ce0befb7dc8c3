"""Which code host this runs on, and what of the environment a process may see when the change is a stranger's."""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.errors import ConfigurationError, NotAuthorised
from cspdecl_ci import azure, github, gitlab
from cspdecl_ci.forge import Forge, Job, Name

# What Entra asks of a federated token: Microsoft, workload identity federation (2026-06)
ENTRA = "api://AzureADTokenExchange"
_SIGNS: tuple[tuple[str, Name], ...] = (("GITHUB_ACTIONS", "github"), ("GITLAB_CI", "gitlab"), ("TF_BUILD", "azure"))
# What a process needs to run at all, and nothing that opens a door. By name: a new secret is not in it by itself.
_HARMLESS = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT",
        "COMSPEC", "PATHEXT", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONUTF8", "PYTHONHOME", "LD_LIBRARY_PATH", "NO_COLOR",
        "CI", "GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_SHA",
        "GITHUB_ACTOR", "GITHUB_RUN_ID", "GITLAB_CI", "CI_COMMIT_SHA", "CI_PROJECT_URL", "CI_JOB_URL", "TF_BUILD",
        "BUILD_SOURCEVERSION", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG",
    }
)  # fmt: skip


def forge_name(environment: Mapping[str, str], named: str | None = None) -> Name:
    """The code host: as named, else by the variable each sets. Raises ConfigurationError where there is none."""
    for sign, name in _SIGNS:
        if named == name or (named is None and environment.get(sign)):
            return name
    raise ConfigurationError(
        "no code host is recognised: run this in a job of one, or say `--forge github|gitlab|azure`"
    )


def job_of(environment: Mapping[str, str], name: Name) -> Job:
    """What this run is about."""
    return {"github": github.job_of, "gitlab": gitlab.job_of, "azure": azure.job_of}[name](environment)


def forge_of(environment: Mapping[str, str], name: Name) -> Forge:
    """The code host, ready to be asked. Raises NotAuthorised without its token."""
    match name:
        case "github":
            return github.forge_of(environment)
        case "gitlab":
            return gitlab.forge_of(environment)
        case "azure":
            return azure.forge_of(environment)


def identity_token(environment: Mapping[str, str], name: Name, audience: str) -> str:
    """A signed statement of the code host about this job. GitLab puts it into the environment, the others are asked."""
    match name:
        case "github":
            return github.identity_token(environment, audience)
        case "azure":
            return azure.identity_token(environment, audience)
        case "gitlab":
            token = environment.get("CSPDECL_ID_TOKEN", "")
            if not token:
                raise NotAuthorised("CSPDECL_ID_TOKEN is not set: name it under the job's `id_tokens`")
            return token


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that looks at what a stranger wrote: no token, no secret, no file of either."""
    return {name: value for name, value in environment.items() if name in _HARMLESS}
