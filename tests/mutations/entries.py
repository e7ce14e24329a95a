"""Small mistakes that the tests of entries in files have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_entries.py", "tests/integration/test_export_of_entries.py")

_HERE = "activeseed/files"
MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        f"{_HERE}/entries.py",
        "a text that reads as a number is written bare",
        "isinstance(value, str) and _is_itself(value)",
        "isinstance(value, str)",
    ),
    Mutation(
        f"{_HERE}/entries.py",
        "NaN is a number",
        "json.loads(value, parse_constant=_refuse)",
        "json.loads(value)",
    ),
    Mutation(
        f"{_HERE}/entries.py",
        "minus zero loses its sign",
        ' and str(number) != "-0.0"',
        "",
    ),
    Mutation(
        f"{_HERE}/entries.py",
        "fields beside the columns are lost",
        '    said = fields.pop("fields", None)\n',
        '    said = fields.pop("fields", None) and None\n',
    ),
    Mutation(
        f"{_HERE}/entries.py",
        "metadata that is called like a field becomes one",
        "if k not in ITEM_FIELDS and _fold(k) in known}",
        "if k not in ITEM_FIELDS and k in known}",
    ),
    Mutation(f"{_HERE}/entries.py", "no slip of the pen is seen", "_SLIP = 0.8", "_SLIP = 0.99"),
    Mutation(
        f"{_HERE}/entries.py",
        "a column of the author's that is called fields is lost",
        '        fields["fields (column)"] = said\n',
        "        pass\n",
    ),
    Mutation(
        f"{_HERE}/writing.py",
        "a field that a variant lacks comes back",
        "    out |= dict.fromkeys(k for k in entry.fields if k not in other.fields)\n",
        "",
    ),
    Mutation(
        f"{_HERE}/writing.py",
        "true is one",
        "_json(entry.fields[k]) != _json(v)",
        "entry.fields[k] != v",
    ),
    Mutation(
        "activeseed/study/versions.py",
        "an export knows of no columns",
        "write_seed(seed, path, entry=_columns_of(work))",
        "write_seed(seed, path)",
    ),
)
