package embedded

import "sync"

// names holds the few texts that nearly every event repeats, types and actors, once for the whole process.
var names = &interner{known: map[string]string{}}

const maxNames = 4096 // an actor may be a person; beyond this many texts are not shared

type interner struct {
	mu    sync.RWMutex
	known map[string]string
}

func (i *interner) of(text []byte) string {
	i.mu.RLock()
	name, found := i.known[string(text)]
	i.mu.RUnlock()
	if found {
		return name
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	name = string(text)
	if len(i.known) < maxNames {
		i.known[name] = name
	}
	return name
}
