// @ts-check
/**
 * Keeps something true: runs a task until it succeeds, one run at a time, and
 * again when poked. Failures wait longer and longer between runs.
 */
import { pause, wait } from './backoff.js';

/** Keeper runs its task on every poke until the signal aborts. */
export class Keeper {
  #task;
  #signal;
  #failed;
  #running = false;
  #again = false;

  /**
   * @param {() => Promise<void>} task
   * @param {AbortSignal} signal
   * @param {(err: unknown) => void} failed hears of each failure; the task runs again all the same
   */
  constructor(task, signal, failed) {
    this.#task = task;
    this.#signal = signal;
    this.#failed = failed;
  }

  /** Has the task run, or run once more when it runs already. */
  poke() {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    for (let attempt = 1; this.#again && !this.#signal.aborted; ) {
      this.#again = false;
      try {
        await this.#task();
        attempt = 1;
      } catch (err) {
        if (this.#signal.aborted) break;
        this.#failed(err);
        this.#again = true;
        await pause(wait(attempt++), this.#signal).catch(() => undefined);
      }
    }
    this.#running = false;
  }
}
