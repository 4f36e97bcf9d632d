// What a drill has started. It ends with the drill, however that ends.
const children = new Map();

/** A child that gets this signal if it is still there at the end. */
export function owned(child, signal = 'SIGKILL') {
  children.set(child, signal);
  child.once('exit', () => children.delete(child));
  return child;
}

process.on('exit', () => {
  for (const [child, signal] of children) child.kill(signal);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
