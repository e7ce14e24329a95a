"""Small mistakes that the tests of what is spent below a study have to see."""

from tests.mutations.mutation import Mutation

_B, _C = "activeseed/study/below.py", "activeseed/stack/human/conducting.py"
_P, _O = "activeseed/stack/human/planned.py", "activeseed/stack/human/one.py"

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_below.py", "tests/integration/test_human_level.py")

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        _B, "what is told twice counts twice", "        if self.knows(new):", "        if False and self.knows(new):"
    ),
    Mutation(_B, "sums are added whole each time", "more = new.spent.since(old.spent)", "more = new.spent"),
    Mutation(_B, "studies at the same time add up", "more.seconds / self._beside.get", "more.seconds / {}.get"),
    Mutation(_B, "a study that began anew is the old one", "mine[new.born] = new", "mine[''] = new"),
    Mutation(_B, "an ended study is never read again", "and (inside / name / CAME_TO).exists())", ")"),
    Mutation(_B, "failed rows are forgotten", 'int(body["rows"]), int(body["failed"])', 'int(body["rows"]), 0'),
    Mutation(_B, "answers are not counted", "out += Spent(answers=1)", "out += Spent()"),
    Mutation("activeseed/study/budget.py", "limits hold nothing of it", "self.trainings += spent.trainings", "pass"),
    Mutation("activeseed/study/state.py", "status hides its money", "self.money += spent.money", "pass"),
    Mutation(
        "activeseed/study/opening.py",
        "who opens it is told nothing",
        "        if settle(",
        "        if False and settle(",
    ),
    Mutation(
        _C,
        "what was under way is lost",
        "        finally:\n            _account(plan, left)",
        "        finally:\n            pass",
    ),
    Mutation(_C, "nobody looks at limits on the way", "            if still:\n", "            if False and still:\n"),
    Mutation(_P, "what was spent is due once more", "most.trainings - spent.trainings)", "most.trainings)"),
    Mutation(_P, "no study is held to what was said", '{"trainings": most.trainings,', '{"trainings": 0,'),
    Mutation(
        _O, "a damaged result says that it has ended", "    (folder / RESULT).unlink(missing_ok=True)", "    pass"
    ),
)
