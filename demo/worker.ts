import { type Endpoint, serveExplainer } from '../src/text.ts';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string | null }): unknown;
}

/** Bundlers put what a worker is made of into one folder. */
const folder = new URL('.', self.location.href).href;

/**
 * Where a header demands Trusted Types, this worker may start workers of its own, for the passes in WebAssembly, from scripts that lie
 * beside its own and from nowhere else. Only a default policy can allow that: bundlers know the start of a worker by its literal form.
 */
(globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    const { href } = new URL(url, folder);
    return href.startsWith(folder) ? href : null;
  },
});

serveExplainer(self as unknown as Endpoint);
