package api

import (
	"context"
	"net/http"

	"guichet/platform/oauth"
	"guichet/platform/queue"
)

func (a *API) routeQueues() {
	q := a.Queues
	const base = "/rtc-api/queues"
	a.mux.HandleFunc("GET "+base, a.guard(queuesRead, gives(q.Queues)))
	a.mux.HandleFunc("POST "+base, a.guard(queuesRule, takesAndGives(q.CreateQueue)))
	a.mux.HandleFunc("POST "+base+"/watch", a.guard(queuesRule, takes(q.Watch)))
	a.mux.HandleFunc("GET "+base+"/{id}", a.guard(queuesRead, givesOne(q.Queue)))
	a.mux.HandleFunc("PUT "+base+"/{id}", a.guard(queuesRule, changes(q.UpdateQueue)))
	a.mux.HandleFunc("DELETE "+base+"/{id}", a.guard(queuesRule, onOne(q.DeleteQueue)))
}

// queueCaller is the identity in the words of the queue package. Guests come by a
// ticket that leads into a queue; other guests have nothing to do with queues.
func queueCaller(ctx context.Context, id oauth.Identity) (queue.Caller, error) {
	name, _ := ctx.Value(queueKey{}).(string)
	who := queue.Caller{Organization: id.Organization, UserID: id.UserID, Name: id.Name, Queue: name, Guest: !isStaff(id),
		Agent: isStaff(id) && callsRule.met(id), Lead: isStaff(id) && queuesRule.met(id)}
	if name == "" && id.IsCustomer() {
		return who, queue.ErrForbidden
	}
	return who, nil
}

// gives answers with what a call returns.
func gives[Answer any](do func(context.Context, queue.Caller) (Answer, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		who, err := queueCaller(r.Context(), id)
		if err != nil {
			return err
		}
		v, err := do(r.Context(), who)
		if err != nil {
			return err
		}
		return send(w, http.StatusOK, v)
	}
}

// givesOne does so for what the path names.
func givesOne[Answer any](do func(context.Context, queue.Caller, string) (Answer, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		return gives(func(ctx context.Context, who queue.Caller) (Answer, error) { return do(ctx, who, r.PathValue("id")) })(w, r, id)
	}
}

// onOne answers 204.
func onOne(do func(context.Context, queue.Caller, string) error) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		who, err := queueCaller(r.Context(), id)
		if err == nil {
			err = do(r.Context(), who, r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		return done(w)
	}
}

// takes reads a body and answers 204.
func takes[Request any](do func(context.Context, queue.Caller, Request) error) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		return onOne(func(ctx context.Context, who queue.Caller, _ string) error { return do(ctx, who, body) })(w, r, id)
	}
}

// takesFor does so for what the path names.
func takesFor[Request any](do func(context.Context, queue.Caller, string, Request) error) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		return onOne(func(ctx context.Context, who queue.Caller, one string) error { return do(ctx, who, one, body) })(w, r, id)
	}
}

// takesAndGives reads a body and answers with what the call returns.
func takesAndGives[Request, Answer any](do func(context.Context, queue.Caller, Request) (Answer, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		return gives(func(ctx context.Context, who queue.Caller) (Answer, error) { return do(ctx, who, body) })(w, r, id)
	}
}

// changes does so for what the path names.
func changes[Request, Answer any](do func(context.Context, queue.Caller, string, Request) (Answer, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		return givesOne(func(ctx context.Context, who queue.Caller, one string) (Answer, error) {
			return do(ctx, who, one, body)
		})(w, r, id)
	}
}
