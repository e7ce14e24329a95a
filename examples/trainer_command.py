"""A trainer as a program, for ``own_command.py``: naive Bayes on words, with nothing but the standard library.

It reads JSON lines: first the job with its probes, then one row a line. It writes one JSON line a row. Whatever else
it has to say goes to standard error.
"""

import json
import math
import sys
from collections import Counter


def fit(items):
    """Log odds of *urgent* for each word, from weighted counts with one imagined sighting a class."""
    counts = {"urgent": Counter(), "later": Counter()}
    tickets = Counter({"urgent": 1.0, "later": 1.0})
    for item in items:
        label = item["metadata"]["label"]
        tickets[label] += item["weight"]
        for word in set(item["text"].lower().split()):
            counts[label][word] += item["weight"]
    odds = {
        word: math.log((counts["urgent"][word] + 1) / (tickets["urgent"] + 1))
        - math.log((counts["later"][word] + 1) / (tickets["later"] + 1))
        for word in counts["urgent"].keys() | counts["later"].keys()
    }
    return odds, math.log(tickets["urgent"] / tickets["later"])


def probability(text, odds, prior):
    total = prior + sum(odds.get(word, 0.0) for word in sorted(set(text.lower().split())))
    return 1 / (1 + math.exp(-total))


job = json.loads(sys.stdin.readline())
for line in sys.stdin:
    row = json.loads(line)
    if {item["metadata"]["label"] for item in row["items"]} != {"urgent", "later"}:
        print(json.dumps({"row": row["row"], "error": "one label has no tickets left"}), flush=True)
        continue
    odds, prior = fit(row["items"])
    outcome = [probability(probe["text"], odds, prior) for probe in job["probes"]]
    print(json.dumps({"row": row["row"], "outcome": outcome}), flush=True)
