"""Checks an evidence pack in the folder of this file. Needs Python 3 and nothing else."""
import hashlib
import json
import pathlib
import re
import sys

here = pathlib.Path(__file__).resolve().parent
faults = []
checked = 0


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def want(true, says):
    global checked
    checked += 1
    if not true:
        faults.append(says)


for line in (here / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
    digest, name = line.split("  ", 1)
    want(sha256(here / name) == digest, name + ": was changed after it was packed")

approved = set()
before = None
for line in (here / "audit.jsonl").read_text(encoding="utf-8").splitlines():
    e = json.loads(line)
    text = "\n".join([e["before"], str(e["seq"]), str(e["at"]), e["who"], e["what"], e["body"]])
    want(hashlib.sha1(text.encode("utf-8")).hexdigest() == e["chain"], "audit entry %d does not fit its chain hash" % e["seq"])
    if before and before["seq"] + 1 == e["seq"]:
        want(before["chain"] == e["before"], "audit entries %d and %d do not follow on each other" % (before["seq"], e["seq"]))
    if e["what"] == "approve":
        approved.update(re.findall(r"[0-9a-f]{64}", e["body"]))
    before = e

for edition in sorted((here / "editions").glob("edition-*.json")) if (here / "editions").exists() else []:
    name = edition.name[len("edition-"):-len(".json")]
    want(sha256(edition) == name, edition.name + ": is not the edition of its name")
    want(name in approved, edition.name + ": no audit entry approves it")
    blocks = here / "editions" / ("blocks-" + name + ".txt")
    records = here / "editions" / ("records-" + name + ".jsonl")
    want(sha256(blocks) == json.loads(edition.read_text(encoding="utf-8"))["blocks"], blocks.name + ": is not the edition's list of blocks")
    digests = [line.split(" ")[1] for line in blocks.read_text(encoding="utf-8").splitlines()]
    want(sha256(records) in digests, records.name + ": is not in the list of blocks")

for row in sorted(here.glob("letters/*/row.json")):
    r = json.loads(row.read_text(encoding="utf-8"))
    content = row.parent / "content.bin"
    if not content.exists():
        continue
    campaign, donor, step = r["letter"].split("/")
    want(sha256(content) == r["content_sha256"], r["letter"] + ": content.bin has another hash than its row names")
    records = here / "editions" / ("records-" + r["edition"] + ".jsonl")
    own = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    hashes = [o["hash"].get(step) for o in own if o["donor"]["id"] == donor]
    want(sha256(content) in hashes, r["letter"] + ": is not the letter that was approved")
    for copy in row.parent.glob("registry-copy-*.eml"):
        want(r["message_id"].encode() in copy.read_bytes(), str(copy.relative_to(here)) + ": does not carry the letter's Message-ID")

for f in faults:
    print(f)
print("%d checks, %d faults" % (checked, len(faults)))
sys.exit(1 if faults else 0)
