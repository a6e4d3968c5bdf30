interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string | null }): { createScriptURL(url: string): string };
}

const trustedTypes = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;

/** Starts the page's worker by the page's one Trusted Types policy: it lets through this address, as the bundler wrote it, and nothing else. */
export function workerStarter(address: string): () => Worker {
  const policy = trustedTypes?.createPolicy('webspex-worker', {
    createScriptURL(url) {
      if (url !== address) throw new TypeError(`worker: expected ${address}, got another address`);
      return url;
    },
  });
  return () => new Worker(policy ? policy.createScriptURL(address) : address, { type: 'module' });
}

/**
 * Where a header demands Trusted Types, this worker may start workers of its own, for the passes in WebAssembly, from scripts that lie
 * beside its own and from nowhere else. Only a default policy can allow that: bundlers know the start of a worker by its literal form.
 */
export function allowOwnWorkers(): void {
  // Bundlers put what a worker is made of into one folder.
  const folder = new URL('.', self.location.href).href;
  trustedTypes?.createPolicy('default', {
    createScriptURL(url) {
      const { href } = new URL(url, folder);
      return href.startsWith(folder) ? href : null;
    },
  });
}
