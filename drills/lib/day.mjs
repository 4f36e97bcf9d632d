// The days of quotas, which begin at midnight UTC.
import { setTimeout as pause } from 'node:timers/promises';

const DAY = 86_400_000;

/** Waits for the next day if less than so many seconds are left of this one, so that no quota is full again meanwhile. */
export async function sameDay(seconds) {
  const left = DAY - (Date.now() % DAY);
  if (left < seconds * 1000) await pause(left + 1000);
}
