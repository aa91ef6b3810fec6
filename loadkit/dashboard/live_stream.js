// The run as the server tells it: the whole of it first, then what each second adds; again from the start where anything was missed.
"use strict";

const LoadkitStream = (() => {
  const QUIET_MS = 15000; // the server says something every five seconds
  const FIRST_WAIT_MS = 500;
  const LONGEST_WAIT_MS = 8000;

  // handlers: whole(run), second(delta), end(told), lost(why), back()
  class Stream {
    constructor(handlers) {
      this.handlers = handlers;
      this.source = null;
      this.epoch = "";
      this.number = 0;
      this.wait = FIRST_WAIT_MS;
      this.timer = 0;
      this.watchdog = 0;
      this.isLost = false;
      this.over = false;
    }

    async start() {
      this.stop();
      let run;
      try {
        const response = await fetch("/api/run", { cache: "no-store" });
        if (!response.ok) throw new Error(await reason(response));
        run = await response.json();
      } catch (error) {
        this.again(error instanceof TypeError ? "The server does not answer." : error.message);
        return;
      }
      const [epoch] = run.id.split(".");
      if (this.epoch && epoch !== this.epoch) { // another run has the port now: nothing here is about it
        location.reload();
        return;
      }
      this.epoch = epoch;
      this.found();
      this.number = numberOf(run.id);
      this.handlers.whole(run);
      if (run.over) {
        this.finish(run.over);
      } else {
        this.listen(run.id);
      }
    }

    listen(id) {
      const source = new EventSource(`/api/events?after=${encodeURIComponent(id)}`);
      this.source = source;
      source.onopen = () => { this.found(); this.heard(); };
      source.onerror = () => {
        if (this.over) return;
        if (source.readyState === EventSource.CLOSED) this.again("The server cannot take this page now.");
        else this.lose("The connection is lost.");
      };
      source.addEventListener("beat", () => this.heard());
      source.addEventListener("reset", () => this.start());
      source.addEventListener("begin", (event) => { if (this.next(event)) this.start(); });
      source.addEventListener("second", (event) => {
        if (!this.next(event)) return;
        const delta = JSON.parse(event.data);
        if (delta.thinned) this.start();
        else this.handlers.second(delta);
      });
      source.addEventListener("end", (event) => { if (this.next(event)) this.finish(JSON.parse(event.data)); });
      this.heard();
    }

    // Says whether an event is the next one. Where one is missing, the whole run is asked for again.
    next(event) {
      this.heard();
      const number = numberOf(event.lastEventId);
      if (number <= this.number) return false;
      const follows = number === this.number + 1;
      this.number = number;
      if (!follows) this.start();
      return follows;
    }

    heard() {
      this.wait = FIRST_WAIT_MS;
      clearTimeout(this.watchdog);
      this.watchdog = setTimeout(() => this.again("Nothing has been heard for some time."), QUIET_MS);
    }

    found() {
      if (this.isLost) this.handlers.back();
      this.isLost = false;
    }

    lose(why) {
      this.isLost = true;
      this.handlers.lost(why);
    }

    again(why) {
      this.stop();
      this.lose(why);
      this.timer = setTimeout(() => this.start(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    }

    finish(told) {
      this.over = true;
      this.stop();
      this.handlers.end(told);
    }

    stop() {
      clearTimeout(this.timer);
      clearTimeout(this.watchdog);
      if (this.source) this.source.close();
      this.source = null;
    }
  }

  function numberOf(id) {
    return Number(id.slice(id.indexOf(".") + 1));
  }

  async function reason(response) {
    const told = await response.json().catch(() => ({}));
    return [told.error || `The server answers ${response.status}.`, told.remedy].filter(Boolean).join(" ");
  }

  // Returns what the server says to an order. Throws an Error with its words where it refuses.
  async function order(action, factor) {
    const response = await fetch("/api/control", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(factor === undefined ? { action } : { action, factor }),
    });
    if (!response.ok) throw new Error(await reason(response));
    return response.json();
  }

  return { Stream, order };
})();
