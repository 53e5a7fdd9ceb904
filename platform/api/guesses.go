package api

import (
	"time"

	"guichet/platform/limit"
)

const maxGuessers = 10_000 // addresses that are remembered

// guesses are the wrong ticket ids that one address may try: a burst for a
// family behind one address, then a trickle.
func guesses() limit.Rate { return limit.Rate{Burst: 20, Every: 5 * time.Second} }
