"""The diagnostic checklist, filling in while its checks are asked."""

from __future__ import annotations

from incident_nb.case import Case
from incident_nb.models import Outcome, Probed
from incident_nb.probes import PROBES, OnAnswer
from incident_nb.views import View


def watching(case: Case) -> OnAnswer:
    """What `run_checks` takes to show each row when it is answered, and one line at the end; nothing where nobody looks."""
    if case.unattended or case.offline:
        return lambda *_: None
    from IPython.display import display

    answers: dict[str, Probed] = {}
    shown = display(View("checking", _facts(answers, False)), display_id=True)  # type: ignore[no-untyped-call]

    def on_answer(done: int, of: int, answer: Probed) -> None:
        answers[answer.probe] = answer
        if shown is not None:
            shown.update(View("checking", _facts(answers, done >= of)))

    return on_answer


def _facts(answers: dict[str, Probed], over: bool) -> dict[str, object]:
    counts = {str(kind): sum(answer.outcome is kind for answer in answers.values()) for kind in Outcome}
    slowest = max((answer.took_s or 0.0 for answer in answers.values()), default=0.0)
    return {"probes": PROBES, "answers": answers, "over": over, "counts": counts, "slowest": slowest}
