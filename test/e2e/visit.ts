import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Page } from 'puppeteer-core';
import type { Explanation } from '../../src/index.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where pictures of the page go. */
export const shots = resolve(import.meta.dirname, '../../build');
mkdirSync(shots, { recursive: true });
/** Milliseconds that a software GPU on a busy machine may take for any one step. */
export const SLOW = 90_000;
/** Too many words to be through before Stop is pressed, or the page is left. */
export const LONG = 'I expected to hate it, but the jokes land and nobody overacts.';
/** What the page says of a model that is loaded in WebAssembly, and of its threads. */
export const ON_CPU = /^model ready · CPU \(WASM (?:relaxed|plain) SIMD, (\d) threads?\)$/;

/** The page that the readings below are taken from unless they are given another. */
export const visit = {} as { page: Page };

/** Without motion, so that no picture is taken half-way. */
export const inColours = (scheme: 'light' | 'dark', on = visit.page) =>
  on.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: scheme },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ]);
export const state = (on = visit.page) => on.$eval('main', (main) => main.dataset.state);
export const textOf = (selector: string, on = visit.page) => on.$eval(selector, (e) => e.textContent ?? '');
export const result = (on = visit.page) => on.$eval('spex-explanation', (e) => structuredClone(e.result)) as Promise<Explanation>;
export const inView = (selector: string, on = visit.page) =>
  on.$$eval(`spex-explanation >>> ${selector}`, (all) => all.map((e) => e.textContent ?? ''));
export const rows = (on = visit.page) =>
  on.$$eval('spex-explanation >>> tbody tr', (all) => all.map((tr) => [...tr.children].map((c) => c.textContent ?? '')));
export const verification = () =>
  visit.page.$$eval('table[aria-label="Verification"] tbody tr', (all) =>
    all.map((tr) => [...tr.children].map((c) => c.textContent ?? '')),
  );
export const number = (text: string) => Number(text.replace('−', '-').replace(',', ''));

/** An explanation that was put on screen, and what the page said of itself by then. */
interface Shown {
  readonly state: string | undefined;
  readonly badge: string;
  readonly text: string;
  readonly queries: number;
  readonly heldOut: number;
}

/** Notes every explanation that is put on screen from now on: snapshots may follow each other too fast to be looked at. */
export async function noteShown(): Promise<() => Promise<readonly Shown[]>> {
  const noted = await visit.page.evaluateHandle(() => {
    const shown: Shown[] = [];
    const view = document.querySelector('spex-explanation');
    const { get, set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(view), 'result') ?? {};
    Object.defineProperty(view, 'result', {
      configurable: true,
      get,
      set(e: Explanation) {
        const badge = document.querySelector('#badge')?.textContent ?? '';
        shown.push({ state: document.querySelector('main')?.dataset.state, badge, text: e.text, ...e.fit });
        set?.call(this, e);
      },
    });
    return shown;
  });
  return () => noted.jsonValue();
}

/** Puppeteer's own waiting does not see into the element: changes there are no mutations of the document. */
export function appears(selector: string): Promise<unknown> {
  return visit.page.waitForFunction(
    (s) => document.querySelector('spex-explanation')?.shadowRoot?.querySelector(s),
    { timeout: SLOW, polling: 50 },
    selector,
  );
}

export function reaches(wanted: string, on = visit.page): Promise<unknown> {
  return on.waitForFunction(
    (w) => {
      const now = document.querySelector('main')?.dataset.state;
      if (now === 'error' && w !== 'error') throw new Error(`error: ${document.querySelector('#problem')?.textContent}`);
      return now === w;
    },
    { timeout: SLOW },
    wanted,
  );
}

export async function type(text: string, on = visit.page): Promise<void> {
  await on.$eval('#text', (e) => {
    (e as HTMLTextAreaElement).value = '';
  });
  await on.type('aria/Text[role="textbox"]', text);
}

/** Moves the slider of passes to a power of two. */
export async function setPasses(passes: number): Promise<void> {
  await visit.page.$eval(
    '#budget',
    (e, p) => {
      (e as HTMLInputElement).value = String(Math.log2(p));
      e.dispatchEvent(new Event('input', { bubbles: true }));
    },
    passes,
  );
}

export async function seriousProblems(): Promise<string[]> {
  await visit.page.evaluate(axe);
  return visit.page.evaluate(async () => {
    const { violations, passes } = await (
      globalThis as unknown as { axe: { run(options: object): Promise<{ violations: AxeViolation[]; passes: unknown[] }> } }
    ).axe.run({
      resultTypes: ['violations'],
    });
    if (passes.length < 20) throw new Error(`axe: expected at least 20 rules to have looked, got ${passes.length}`);
    return violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`);
  });
}

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** Bytes of a file; 0 while it is not there. */
export function sizeOf(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return 0;
  }
}

/** How many elements of each name an explanation is drawn with. */
export function countElements(view: Element): Record<string, number> {
  const out: Record<string, number> = {};
  for (const e of view.shadowRoot?.querySelectorAll('*') ?? []) out[e.localName] = (out[e.localName] ?? 0) + 1;
  return out;
}
