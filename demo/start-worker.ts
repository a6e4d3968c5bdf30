interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** The one script address that the page's policy lets through: its own worker, as the bundler names it. */
export function startWorker(): Worker {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  const script = new URL('./worker.ts', import.meta.url);
  void script;
  if (!types) return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
}
