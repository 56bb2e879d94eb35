package ledger

import (
	"strconv"

	"outreach.example/letter"
)

// All keys of the ledger share one hash tag, so that a transition is one script on one node.
const tag = "{outreach}:"

// HASH: epoch, schema, seq, chain, deaths (of workers); salt, the secret of hashes whose address is erased; closed, version of
// the suppression list; epochs, those before; frozen, why nothing may leave; restoring,
// while a restore writes.
func metaKey() string { return tag + "meta" }

// STREAM: one entry per script call that changed something; the id is seq-0.
func auditKey() string { return tag + "audit" }

// SET: names of campaigns.
func campaignsKey() string { return tag + "campaigns" }

// HASH: status, open (ms, until when letters may be claimed), edition (approved), number, pending, laid, steps, until:STEP, number:HASH, hash:NUMBER, who and when.
func campaignKey(campaign string) string { return tag + "c:" + campaign }

// HASH: one letter a field, see scripts/lib.lua; .s group|region, .w wakes, .b letters in hand; DONOR~ words; DONOR~~ proof.
func rowsKey(b letter.Block) string { return tag + "r:" + b.Campaign + ":" + b.Step + ":" + b.Name }

// HASH: STEP/STATE to how many letters; STEP/copies to how many of them have a registry copy that was read.
func countsKey(campaign string) string { return tag + "n:" + campaign }

// ZSET: STEP/DONOR of letters that a person must look at, by since when (ms); doubts first, their score lower by 10^13.
func lookKey(campaign string) string { return tag + "look:" + campaign }

// ZSET: STEP/DONOR whose registry copies do not fit where the letter is: relayed twice, or though refused or cancelled; by
// since when (ms).
func oddKey(campaign string) string { return tag + "odd:" + campaign }

// HASH: STEP/DONOR to the last decision on its doubt: decision|generation|at|who|state before|reason.
func resolvedKey(campaign string) string { return tag + "resolved:" + campaign }

// SET: registry copies that were read, each a number of 64 bits, in as many sets as keep Redis's compact encoding.
func readKey(shard uint64) string { return tag + "read:" + strconv.FormatUint(shard, 16) }

// HASH: key of a name to roles|JSON of who may sign in to the console, see Account.
func peopleKey() string { return tag + "people" }

// Keys that are the console's own begin with this: who is signed in, and how often somebody tried. They are no truth, and no
// backup holds them.
func ConsoleKey(rest string) string { return tag + consoleKeys + rest }

const consoleKeys = "console:"

// HASH: of the reading of registry copies: at (ms), then how many of each finding.
func inboxKey() string { return tag + "inbox" }

// HASH: mailbox to what is known of its reading, as JSON.
func mailboxesKey() string { return tag + "mailboxes" }

// ZSET: reply mailbox to when somebody last looked at it (ms). Reminders wait for one that was not for an hour.
func listenedKey() string { return tag + "listened" }

// HASH: identity of a mail that came back to what became of it, as JSON.
func sortedKey() string { return tag + "sorted" }

// ZSET: identity of a mail that came back to when it was read first (ms).
func sortedTimesKey() string { return tag + "sorted:times" }

// ZSET: STEP/BLOCK by the earliest due of its planned letters (ms).
func dueKey(campaign string) string { return tag + "due:" + campaign }

// ZSET: STEP/BLOCK whose sent letters may have a next step, by when they were sent (ms).
func followKey(campaign string) string { return tag + "follow:" + campaign }

// HASH: donor to S, P, M|ms or O, see scripts/lib.lua, then one entry of JSON a line.
func casesKey(campaign string) string { return tag + "case:" + campaign }

// HASH: identity of a mail that came in a case to when (ms), a bar and the mail as JSON.
func mailsKey(campaign, donor string) string { return tag + "mail:" + campaign + ":" + donor }

// HASH: CAMPAIGN/DONOR/KIND to a task, see scripts/lib.lua.
func tasksKey() string { return tag + "tasks" }

// HASH: donor to when (s), a bar and the campaign of the last letter that asked it for something; in as many hashes as keep
// Redis's compact encoding.
func asksKey(shard uint64) string { return tag + "asks:" + strconv.FormatUint(shard, 10) }

// SET: names of all blocks that any edition of the campaign has had.
func blocksKey(campaign string) string { return tag + "blocks:" + campaign }

// ZSET: CAMPAIGN/STEP/BLOCK with letters in hand, by when they want a look (ms).
func busyKey() string { return tag + "busy" }

// HASH: scope to until|at|who|reason.
func holdsKey() string { return tag + "holds" }

// HASH: address hash, or its salted hash once the address is erased, to at|who|, a tab, source, a tab, address, a tab, reason;
// or to at|who|reason, as it was before addresses were kept.
func suppressedKey() string { return tag + "suppressed" }

// HASH: key of a withdrawn fact, ID@HASH of its row in the register, to at|who|reason; .token, never the same twice,
// of the last withdrawal.
func withdrawnKey() string { return tag + "withdrawn" }

// ZSET: worker to the end of its lease (ms).
func workersKey() string { return tag + "workers" }

// SET: CAMPAIGN/STEP/BLOCK/DONOR NONCE of letters that a sweep put in doubt, until somebody has looked who knows more.
func sweptKey() string { return tag + "swept" }

// HASH: worker to how many lines of its intent file it has seen on the disk.
func linesKey() string { return tag + "lines" }

// HASH: campaign whose blocks want their place in the index looked at, to when that was last asked for (ms).
func reindexKey() string { return tag + "reindex" }

// HASH: what an alarm is about to at|sentence.
func alarmsKey() string { return tag + "alarms" }

// STRING: whose turn it is to check the ledger; it ends by itself.
func checkingKey() string { return tag + "checking" }

// SET: names of the relays that workers have used.
func relaysKey() string { return tag + "relays" }

// HASH: next, the first free slot of its pace (ms); woken, when the last block that waits for a slot is woken (ms);
// doubts in a row; held, why, and since when (ms); released, how often by a person; trouble, until|worker|why.
func relayKey(relay string) string { return tag + "relay:" + relay }

// STRING: answered|needed, how many replicas a worker's last WAIT reached; ends by itself when no worker asks.
func replicasKey() string { return tag + "replicas" }

// STRING: an edition's manifest.
func editionKey(hash string) string { return tag + "e:" + hash }

// STRING: an edition's list of blocks and the hashes of their records.
func blockListKey(hash string) string { return tag + "e:" + hash + ":list" }

// HASH: hash of a block's donor records to the records, compressed. Editions of a campaign share what did not change.
func recordsKey(campaign string) string { return tag + "records:" + campaign }

// HASH: a file that goes with letters of a campaign, by its hash: 0, 1, 2, ... its pieces; size, written last.
func fileKey(campaign, hash string) string { return tag + "f:" + campaign + ":" + hash }
