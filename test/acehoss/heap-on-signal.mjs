/** Loaded into a gateway before all else (with `--expose-gc`): on SIGWINCH it writes to stderr how many bytes are in use after a collection. */
process.on('SIGWINCH', () => {
  globalThis.gc();
  globalThis.gc();
  process.stderr.write(`heap in use: ${process.memoryUsage().heapUsed}\n`);
});
