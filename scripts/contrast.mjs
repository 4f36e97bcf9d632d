// Fails if a pair of colours in style/tokens.css misses WCAG AA, in light or dark.
import { readFileSync } from 'node:fs';

const TEXT = 4.5;
const EDGE = 3;
const grounds = ['ground', 'surface', 'sunken'];
const pairs = [
  ...grounds.flatMap((ground) => [
    ['ink', ground, TEXT],
    ['ink-soft', ground, TEXT],
    ['accent', ground, TEXT],
    ['bad', ground, TEXT],
    ['good', ground, TEXT],
    ['edge', ground, EDGE],
    ['calm', ground, EDGE],
    ['warn', ground, EDGE],
  ]),
  // A hovered menu entry or quiet button.
  ['ink', 'line', TEXT],
  ['bad', 'line', TEXT],
  // Filled buttons and the tick of the checklist.
  ['ground', 'ink', TEXT],
  ['ground', 'bad', TEXT],
  ['surface', 'good', TEXT],
  ...['accent', 'warn', 'bad'].flatMap((tone) => [
    ['ink', `${tone}-ground`, TEXT],
    ['ink-soft', `${tone}-ground`, TEXT],
    [tone, `${tone}-ground`, TEXT],
  ]),
];

const css = readFileSync('style/tokens.css', 'utf8');
const colour = /--([a-z-]+): light-dark\(oklch\(([^)]+)\), oklch\(([^)]+)\)\)/g;
const tokens = new Map([...css.matchAll(colour)].map(([, name, light, dark]) => [name, { light, dark }]));

// Converts oklch to linear sRGB, clipped to what a screen can show (Björn Ottosson, "A perceptual color space").
function linear(text) {
  const [l, c, h] = text.split(' ').map((part) => (part.endsWith('%') ? parseFloat(part) / 100 : Number(part)));
  const [a, b] = [c * Math.cos((h * Math.PI) / 180), c * Math.sin((h * Math.PI) / 180)];
  const [L, M, S] = [
    l + 0.3963377774 * a + 0.2158037573 * b,
    l - 0.1055613458 * a - 0.0638541728 * b,
    l - 0.0894841775 * a - 1.291485548 * b,
  ].map((root) => root ** 3);
  return [
    4.0767416621 * L - 3.3077115913 * M + 0.2309699292 * S,
    -1.2684380046 * L + 2.6097574011 * M - 0.3413193965 * S,
    -0.0041960863 * L - 0.7034186147 * M + 1.707614701 * S,
  ].map((channel) => Math.min(1, Math.max(0, channel)));
}

function luminance(text) {
  const [r, g, b] = linear(text);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

let failed = 0;
let lowest = { ratio: Infinity };
for (const [front, back, least] of pairs) {
  for (const scheme of ['light', 'dark']) {
    const [high, low] = [front, back].map((name) => luminance(tokens.get(name)[scheme])).sort((x, y) => y - x);
    const ratio = (high + 0.05) / (low + 0.05);
    const pair = `${front} on ${back}, ${scheme}: ${ratio.toFixed(2)}, at least ${least}`;
    if (ratio < least) {
      console.log(pair);
      failed += 1;
    }
    if (ratio / least < lowest.ratio) lowest = { ratio: ratio / least, pair };
  }
}
console.log(`${pairs.length * 2} pairs, ${failed} too weak; the closest is ${lowest.pair}`);
process.exitCode = failed ? 1 : 0;
