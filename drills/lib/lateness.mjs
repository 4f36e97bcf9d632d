// What this machine loses by pauses of its own, so that nobody is blamed for them. A thread that only ticks measures it: one
// that also works is late by its work.
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

/** How far apart the ticks are, and how late one is before it counts, in milliseconds. */
const [TICK, LATE] = [10, 50];

if (!isMainThread) {
  let before = performance.now();
  setInterval(() => {
    const now = performance.now();
    if (now - before - TICK > LATE) parentPort.postMessage((now - before - TICK) / 1000);
    before = now;
  }, TICK);
}

export class Lateness {
  /** When each pause ended, as `performance.now()` has it, and how long it was, in seconds. */
  pauses = [];

  static begin() {
    const lateness = new Lateness();
    lateness.thread = new Worker(new URL(import.meta.url));
    lateness.thread.on('message', (took) => lateness.pauses.push({ ended: performance.now(), took }));
    // It keeps nobody from ending.
    lateness.thread.unref();
    return lateness;
  }

  /** What was lost between two moments, in seconds. */
  between(from, to) {
    const parts = this.pauses.map(({ ended, took }) => Math.min(to, ended) - Math.max(from, ended - took * 1000));
    return parts.reduce((sum, part) => sum + Math.max(0, part), 0) / 1000;
  }

  /** Whether a moment lies in a pause of at least so many seconds, or so many seconds after one. */
  isNear(moment, { least, after }) {
    return this.pauses.some(({ ended, took }) => took >= least && moment > ended - took * 1000 && moment < ended + after * 1000);
  }

  end() {
    return this.thread.terminate();
  }
}
