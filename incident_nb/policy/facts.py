"""The list of facts that a severity is suggested from, whoever knows them: a log, a pasted text, a person's answer."""

from __future__ import annotations

from incident_nb.errors import UsageError
from incident_nb.models import Cause, Frozen
from incident_nb.policy.tables import Limits


class SeverityFacts(Frozen):
    """What is known of a situation; None means not known. Logs, pasted text and answered questions fill the same list.

    How much is affected:

    - `nothing_runs`: nothing runs at all, n8n itself is down
    - `workflows_total`: workflows that ran, or were due to run, in the window: the client's, or the instance's where no
      client is known. `workflows_down`: those of them without a success since onset, failing or silent
    - `endpoints_affected`: different hosts or endpoints that the failures come from
    - `client_facing_down`: a service that the client's own customers use is completely down

    How it fails:

    - `failing`: something fails (said by somebody; the counts below say it too)
    - `runs_since_onset`, `successes_since_onset`: of the workflow in question, finished runs only
    - `consecutive_failures`: the newest runs that failed in a row; 0 when the newest run succeeded
    - `hours_failing`: from the first to the newest failed run since onset. `hours_between_runs`: usual (median) time from
      one good run to the next before onset; not known with fewer than two of them
    - `intermittent`: True when failures and successes alternate, False when every run fails
    - `cause`, `detail`: as diagnosed
    - `alert_fired`: the error workflow or a monitor raised an alert

    What came of it:

    - `data_flowing`: data still reaches its destination
    - `items_lost`: items that failed or never arrived while their run went on
    - `output_incomplete`: something is missing from the output, and was not made up for
    - `output_affected`: a result that somebody relies on is missing or wrong
    - `data_loss_risk`: data is lost, or about to be, that cannot be fetched or made again
    - `wrong_destination`: data was written to another system, account or client than meant
    - `duplicates`: how often an effect (a message sent, a record written) happened a second time
    - `duplicate_of_record`: what happened twice is a record or a payment, not just a message

    Security: `credential_exposed` (a live secret can be read by people it is not for), `unauthorised_access`.

    Harmless so far: `cosmetic_only` (looks or words only, everything works), `slow` (said by somebody) and
    `duration_ratio` (median duration now against before onset), `within_sla` (response time still as agreed).
    """

    nothing_runs: bool | None = None
    workflows_total: int | None = None
    workflows_down: int | None = None
    endpoints_affected: int | None = None
    client_facing_down: bool | None = None
    failing: bool | None = None
    runs_since_onset: int | None = None
    successes_since_onset: int | None = None
    consecutive_failures: int | None = None
    hours_failing: float | None = None
    hours_between_runs: float | None = None
    intermittent: bool | None = None
    cause: Cause | None = None
    detail: str | None = None
    alert_fired: bool | None = None
    data_flowing: bool | None = None
    items_lost: int | None = None
    output_incomplete: bool | None = None
    output_affected: bool | None = None
    data_loss_risk: bool | None = None
    wrong_destination: bool | None = None
    duplicates: int | None = None
    duplicate_of_record: bool | None = None
    credential_exposed: bool | None = None
    unauthorised_access: bool | None = None
    cosmetic_only: bool | None = None
    slow: bool | None = None
    duration_ratio: float | None = None
    within_sla: bool | None = None

    def also(self, other: SeverityFacts) -> SeverityFacts:
        """These facts, and where one is not known here, the other's: `from_log.also(from_text)`."""
        return self.model_copy(update={name: value for name, value in other if getattr(self, name) is None})

    def answered(self, **answers: bool) -> SeverityFacts:
        """These facts with answers in place, named as in `Question.fact`. Raises `UsageError` for another name."""
        if unknown := ", ".join(sorted(answers.keys() - set(type(self).model_fields))):
            raise UsageError(f"There is no fact named {unknown}. Use the names that the questions carry.")
        return self.model_validate({**dict(self), **answers})


def failures(facts: SeverityFacts) -> int:
    """How many failed runs since onset are known by count; 0 also when nobody counted."""
    counted = (facts.runs_since_onset or 0) - (facts.successes_since_onset or 0)
    return max(facts.consecutive_failures or 0, counted if facts.successes_since_onset is not None else 0)


def failed(facts: SeverityFacts) -> bool:
    """Whether anything is known to have failed: by count, by word, or because a cause was found for it."""
    return failures(facts) > 0 or facts.failing is True or facts.cause is not None


def consistent(facts: SeverityFacts, limits: Limits) -> bool:
    """Whether the workflow fails every time, or as good as; counts speak before words, and a recovery ends it."""
    if facts.consecutive_failures == 0:
        return False
    if facts.runs_since_onset and facts.successes_since_onset is not None:
        rate = 1 - facts.successes_since_onset / facts.runs_since_onset
        enough = failures(facts) >= limits.consistent_failures or lasting(facts, limits)
        return enough and rate >= limits.consistent_error_rate
    if facts.consecutive_failures is not None:
        return facts.consecutive_failures >= limits.consistent_failures and facts.intermittent is not True
    return failed(facts) and facts.intermittent is False


def lasting(facts: SeverityFacts, limits: Limits) -> bool:
    """Whether a workflow that runs rarely and went well failed again a long time later: as good as failing every time.

    One that runs often will soon tell by itself, and a quiet night between two of its failures proves nothing.
    """
    hours = (facts.hours_failing or 0.0, facts.hours_between_runs or 0.0)
    return failures(facts) > 1 and min(hours) >= limits.consistent_hours
