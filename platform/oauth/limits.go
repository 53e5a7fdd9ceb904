package oauth

import (
	"hash/fnv"
	"strconv"
	"time"

	"guichet/platform/limit"
)

const (
	maxLimited = 20_000 // keys that are remembered
	namesApart = 256    // keys of one address: names fall into them by hash
)

// Failures that one address may make.
func secretFailures() limit.Rate  { return limit.Rate{Burst: 20, Every: 5 * time.Second} }
func ticketFailures() limit.Rate  { return limit.Rate{Burst: 20, Every: 5 * time.Second} }
func redemptions() limit.Rate     { return limit.Rate{Burst: 120, Every: time.Second} }
func signInFailures() limit.Rate  { return limit.Rate{Burst: 10, Every: 10 * time.Second} }
func codeFailures() limit.Rate    { return limit.Rate{Burst: 10, Every: 10 * time.Second} }
func deviceRequests() limit.Rate  { return limit.Rate{Burst: 60, Every: 5 * time.Second} }
func addressFailures() limit.Rate { return limit.Rate{Burst: 50, Every: 2 * time.Second} }

// Of what is kept for a while, of each address or session.
func refusalsWritten() limit.Rate { return limit.Rate{Burst: 120, Every: 5 * time.Second} }
func refreshes() limit.Rate       { return limit.Rate{Burst: 60, Every: 10 * time.Second} }
func flightsLanding() limit.Rate  { return limit.Rate{Burst: 300, Every: time.Second} }

// limitKey names the bucket of an address and a name. Names are hashed into a
// few buckets, so that an address can neither fill the memory with invented
// names nor learn from its limits which names exist.
func limitKey(kind, address, name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return kind + " " + address + " " + strconv.Itoa(int(h.Sum32()%namesApart))
}
