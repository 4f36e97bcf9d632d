// Numbers for people.
export const seconds = (value) => `${value.toFixed(2)} s`;
export const count = (value) => value.toLocaleString('en');

/** The middle and the largest of some numbers. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, most: sorted.at(-1) ?? 0 };
}
