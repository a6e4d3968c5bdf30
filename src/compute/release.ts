/**
 * Gives the memory of arrays back at once; they are empty afterwards. A collector may not come by for as long as nothing else is allocated,
 * and weights are most of what a process holds.
 */
export function release(arrays: Iterable<ArrayBufferView>): void {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer } of arrays) if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) buffers.add(buffer);
  const { port1, port2 } = new MessageChannel();
  // What is handed over to a closed port is dropped.
  port2.close();
  port1.postMessage(null, [...buffers]);
  port1.close();
}
