/**
 * Calls `first` at the first Ctrl-C and `again` at every later one, until the returned function is called.
 * Without such a listener Ctrl-C ends the process at once, as usual.
 */
export function onInterrupt(first: () => void, again: () => void): () => void {
  let count = 0;
  const listen = () => (count++ === 0 ? first() : again());
  process.on('SIGINT', listen);
  return () => process.off('SIGINT', listen);
}
