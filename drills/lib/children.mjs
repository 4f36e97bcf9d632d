// What a drill has started. It ends with the drill, however that ends.
const children = new Set();

export function owned(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
