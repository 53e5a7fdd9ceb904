package oauth

import (
	"context"
	"sync"
)

// cache holds the applications that were asked for, as the store had them: the
// token endpoint asks with every request. All are forgotten when the list of
// revocations tells of a change, so that what this process changes counts at
// once, and what another does within followEvery. A token that was issued by
// settings of before carries their version, and ends with them.
type cache struct {
	mu         sync.RWMutex
	generation int
	by         map[string]StoredApplication
}

// application returns an application from memory or from the store.
func (c *cache) application(ctx context.Context, store ApplicationStore, id string) (StoredApplication, error) {
	c.mu.RLock()
	a, ok := c.by[id]
	generation := c.generation
	c.mu.RUnlock()
	if ok {
		return a, nil
	}
	a, err := store.Application(ctx, id)
	if err != nil {
		return a, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation { // else it may be older than the change
		c.by[id] = a
	}
	return a, nil
}

func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.by)
}
