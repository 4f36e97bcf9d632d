// Reads docs/families.md and what the test runners printed: each test and journey that a row names must have passed.
import { readFileSync } from 'node:fs';

const [log] = process.argv.slice(2);
const passed = new Set();
for (const line of readFileSync(log, 'utf8').split('\n')) {
  const test = /^test (?:\S+::)?(\w+) \.\.\. ok$/.exec(line);
  const journey = /✓ .* › \S+\.spec\.ts:\d+:\d+ › (.*?)(?: @[\w-]+)*(?: \(retry #\d+\))? \([\d.]+(?:ms|s|m)\)$/.exec(line);
  // The title stands behind those of its groups.
  const name = (test ?? journey)?.[1]?.split(' › ').at(-1);
  if (name) passed.add(name);
}

let rows = 0;
const missing = [];
for (const line of readFileSync('docs/families.md', 'utf8').split('\n')) {
  const row = /^\| ([A-Z]{2}-\d\d) \|.*\|(.*)\|$/.exec(line);
  if (!row) continue;
  rows += 1;
  for (const [, name] of row[2].matchAll(/`([^`]+)`/g)) if (!passed.has(name)) missing.push(`${row[1]}: ${name}`);
}

if (rows === 0 || missing.length > 0) {
  console.error(`These tests and journeys of docs/families.md did not pass:\n${missing.join('\n')}`);
  process.exit(1);
}
console.log(`${rows} rows of docs/families.md, each shown by what passed`);
