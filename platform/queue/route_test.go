package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"
)

// scene makes a state of words. An agent is "name idle-seconds queues skills
// languages", a visit "name waited-seconds queue language asked@seconds-ago…";
// lists are separated by commas, and - is none.
func scene(t *testing.T, queues []settings, agents, visits []string) *state {
	t.Helper()
	st := newState("o")
	for _, s := range queues {
		if s.Ring == 0 {
			s.Ring = 20 * time.Second
		}
		hours, err := newSchedule("", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		st.queues[s.ID] = &queue{settings: s, hours: hours}
	}
	ago := func(s string) time.Time {
		var n int
		if _, err := fmt.Sscan(s, &n); err != nil {
			t.Fatal(err)
		}
		return noon.Add(-time.Duration(n) * time.Second)
	}
	list := func(s string) []string {
		if s == "-" {
			return nil
		}
		return strings.Split(s, ",")
	}
	for _, text := range agents {
		f := strings.Fields(text)
		a := &agent{User: f[0], State: wire.PresenceReady, Idle: ago(f[1]), Queues: list(f[2]), Skills: list(f[3]), Languages: list(f[4]), Endpoint: "e-" + f[0]}
		st.agents[a.User] = a
		st.enlist(a)
	}
	for i, text := range visits {
		f := strings.Fields(text)
		v := &visit{ID: f[0], Serial: int64(i), Version: 1, State: wire.VisitWaiting, Arrived: ago(f[1]), Queue: f[2], Asked: map[string]time.Time{}}
		if f[3] != "-" {
			v.Language = f[3]
		}
		for _, asked := range f[4:] {
			user, when, _ := strings.Cut(asked, "@")
			v.Asked[user] = ago(when)
		}
		st.visits[v.ID] = v
		st.list(v)
	}
	return st
}

func TestRoute(t *testing.T) {
	loans, cards := settings{ID: "loans", Skills: []string{"loans"}}, settings{ID: "cards"}
	greek := settings{ID: "greek", Language: true}
	vip := settings{ID: "vip", Priority: 1}
	for _, c := range []struct {
		name           string
		queues         []settings
		agents, visits []string
		want           string
	}{
		{"nobody waits", []settings{cards}, []string{"anna 9 cards - -"}, nil, ""},
		{"nobody is ready", []settings{cards}, nil, []string{"v 9 cards -"}, ""},
		{"one for one", []settings{cards}, []string{"anna 9 cards - -"}, []string{"v 9 cards -"}, "v>anna"},
		{"the longest idle", []settings{cards}, []string{"anna 5 cards - -", "bert 9 cards - -", "carl 7 cards - -"}, []string{"v 9 cards -"}, "v>bert"},
		{"the same idle: by name", []settings{cards}, []string{"bert 9 cards - -", "anna 9 cards - -"}, []string{"v 9 cards -"}, "v>anna"},
		{"the oldest arrival", []settings{cards}, []string{"anna 9 cards - -"}, []string{"v 5 cards -", "w 8 cards -"}, "w>anna"},
		{"the same arrival: in the order of coming", []settings{cards}, []string{"anna 9 cards - -"}, []string{"w 5 cards -", "v 5 cards -"}, "w>anna"},
		{"all skills", []settings{loans}, []string{"anna 9 loans cards -", "bert 5 loans cards,loans -"}, []string{"v 9 loans -"}, "v>bert"},
		{"no skills", []settings{loans}, []string{"anna 9 loans - -"}, []string{"v 9 loans -"}, ""},
		{"another queue", []settings{cards, loans}, []string{"anna 9 loans loans -"}, []string{"v 9 cards -"}, ""},
		{"the language", []settings{greek}, []string{"anna 9 greek - en", "bert 5 greek - en,el"}, []string{"v 9 greek el"}, "v>bert"},
		{"no language asked for", []settings{cards}, []string{"anna 9 cards - en"}, []string{"v 9 cards el"}, "v>anna"},
		{"no language told", []settings{greek}, []string{"anna 9 greek - -"}, []string{"v 9 greek -"}, "v>anna"},
		{"nobody has the language: the next caller", []settings{greek}, []string{"anna 9 greek - en"}, []string{"v 9 greek el", "w 5 greek en"}, "w>anna"},
		{"priority before arrival", []settings{cards, vip}, []string{"anna 9 cards,vip - -"}, []string{"v 9 cards -", "w 1 vip -"}, "w>anna"},
		{"arrival between queues", []settings{cards, loans}, []string{"anna 9 cards,loans loans -"}, []string{"v 5 cards -", "w 9 loans -"}, "w>anna"},
		{"who declined is left out", []settings{cards}, []string{"anna 9 cards - -", "bert 5 cards - -"}, []string{"v 9 cards - anna@1"}, "v>bert"},
		{"left out even after the ring time", []settings{cards}, []string{"anna 9 cards - -", "bert 5 cards - -"}, []string{"v 99 cards - anna@50"}, "v>bert"},
		{"all were asked: not at once", []settings{cards}, []string{"anna 9 cards - -"}, []string{"v 9 cards - anna@19"}, ""},
		{"all were asked: after the ring time", []settings{cards}, []string{"anna 9 cards - -"}, []string{"v 99 cards - anna@20"}, "v>anna"},
		{"who declined one has the next", []settings{cards}, []string{"anna 9 cards - -"}, []string{"v 9 cards - anna@1", "w 5 cards -"}, "w>anna"},
		{"an agent once, a caller once", []settings{cards, loans}, []string{"anna 9 cards,loans loans -", "bert 8 cards - -"}, []string{"v 9 cards -", "w 8 loans -", "x 7 cards -"}, "v>anna x>bert"},
		{"two of each", []settings{cards}, []string{"anna 9 cards - -", "bert 8 cards - -"}, []string{"v 9 cards -", "w 8 cards -"}, "v>anna w>bert"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := scene(t, c.queues, c.agents, c.visits)
			var got []string
			for _, m := range route(noon, st) {
				got = append(got, m.visit.ID+">"+m.agent.User)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}

// TestRouteIsTheSlowWay holds route against the rule written down plainly, for
// random scenes.
func TestRouteIsTheSlowWay(t *testing.T) {
	chance := newChance(t)
	for range 2000 {
		var queues []settings
		for i := range 1 + chance.IntN(4) {
			s := settings{ID: fmt.Sprint("q", i), Priority: int64(chance.IntN(2)), Language: chance.IntN(2) == 0}
			if chance.IntN(3) == 0 {
				s.Skills = []string{fmt.Sprint("s", chance.IntN(2))}
			}
			queues = append(queues, s)
		}
		some := func(prefix string, n int) string {
			var l []string
			for i := range n {
				if chance.IntN(2) == 0 {
					l = append(l, fmt.Sprint(prefix, i))
				}
			}
			if l == nil {
				return "-"
			}
			return strings.Join(l, ",")
		}
		var agents, visits []string
		for i := range chance.IntN(6) {
			agents = append(agents, fmt.Sprintf("a%d %d %s %s %s", i, chance.IntN(5), some("q", len(queues)), some("s", 2), some("l", 2)))
		}
		for i := range chance.IntN(8) {
			v := fmt.Sprintf("v%d %d q%d l%d", i, chance.IntN(5), chance.IntN(len(queues)), chance.IntN(3))
			for j := range 6 {
				if chance.IntN(4) == 0 {
					v += fmt.Sprintf(" a%d@%d", j, chance.IntN(40))
				}
			}
			visits = append(visits, v)
		}
		st := scene(t, queues, agents, visits)
		got := fmt.Sprint(pairs(route(noon, st)))
		if want := fmt.Sprint(slowly(st)); got != want {
			t.Fatalf("queues %+v\nagents %q\nvisits %q\n got %s\nwant %s", queues, agents, visits, got, want)
		}
	}
}

func pairs(found []match) (list []string) {
	for _, m := range found {
		list = append(list, m.visit.ID+">"+m.agent.User)
	}
	return list
}

func slowly(st *state) (list []string) {
	waiting := st.inOrder()
	slices.SortStableFunc(waiting, func(a, b *visit) int {
		return int(st.queues[b.Queue].Priority - st.queues[a.Queue].Priority)
	})
	var ready []*agent
	for _, a := range st.agents {
		ready = append(ready, a)
	}
	slices.SortFunc(ready, longerIdle)
	taken := map[string]bool{}
	for _, v := range waiting {
		q := st.queues[v.Queue]
		fit := func(a *agent) bool {
			return !taken[a.User] && slices.Contains(a.Queues, q.ID) && holds(a.Skills, q.Skills) &&
				(!q.Language || v.Language == "" || slices.Contains(a.Languages, v.Language))
		}
		i := slices.IndexFunc(ready, func(a *agent) bool { return fit(a) && v.Asked[a.User].IsZero() })
		if i < 0 {
			i = slices.IndexFunc(ready, func(a *agent) bool { return fit(a) && noon.Sub(v.Asked[a.User]) >= q.Ring })
		}
		if i >= 0 {
			taken[ready[i].User] = true
			list = append(list, v.ID+">"+ready[i].User)
		}
	}
	return list
}
