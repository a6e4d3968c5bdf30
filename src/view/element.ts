import type { Explanation } from '../explain/document.ts';
import { keyOf, realInteractions } from './choose.ts';
import { patch } from './dom.ts';
import { explanationMark } from './draw/page.ts';
import { visible } from './format.ts';
import { mark } from './mark.ts';
import { type Look, lookOf } from './marks.ts';
import { measureLabels } from './measure.ts';
import { readExplanation } from './read.ts';
import { type Scales, type Scene, scalesOf, sceneOf, UNTOUCHED, type ViewState, widest } from './scene.ts';
import { strings } from './strings.ts';
import { STYLE } from './style.ts';

/** What `spex-toggle` carries: who is switched off, ascending, and what the explanation predicts then. */
export interface ToggleDetail {
  readonly off: readonly number[];
  readonly predicted: number;
}

/** What `spex-select` and `spex-verify` carry. */
export interface MembersDetail {
  readonly members: readonly number[];
}

const NO_SCALES: Scales = { all: 0, words: 0 };

/** `HTMLElement` where there is a document, so that the module can be imported in bare Node. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * `<spex-explanation>` shows an explanation. Set `result`, or the attribute `src` to the address of a saved one; each later snapshot of the
 * same text extends the convergence curve. Slots: `progress`, `actions` (beside the table's heading), `verify` (under the table).
 * Events, bubbling and composed: `spex-toggle`, `spex-select`, `spex-verify`, `spex-error`. Needs no GPU; requests nothing but `src`.
 */
export class SpexExplanation extends Base {
  static readonly observedAttributes = ['src'];
  #result: Explanation | null = null;
  #view: ViewState = UNTOUCHED;
  /** Scales of texts shown before, so that colours can be compared across edits. */
  #earlier: Scales = NO_SCALES;
  #scene: Scene | null = null;
  #root: ShadowRoot | null = null;
  #live: HTMLElement | null = null;
  #body: HTMLElement | null = null;

  /** The explanation shown; null shows the element's own content. */
  get result(): Explanation | null {
    return this.#result;
  }

  set result(next: Explanation | null) {
    const before = this.#result;
    const same = next !== null && before !== null && next.text === before.text && next.units === before.units;
    const continued = same && next.fit.queries > before.fit.queries && next.fit.budget === before.fit.budget && next.seed === before.seed;
    if (before && !same) this.#earlier = comparable(before, next) ? widest(this.#earlier, scalesOf(before)) : NO_SCALES;
    const kept = same ? this.#view : UNTOUCHED;
    const looks = next === null ? [] : [...(continued ? this.#view.looks : []), lookOf(next)];
    this.#result = next;
    this.#change({ ...kept, measured: kept.off.size > 0 && same ? kept.measured : null, lit: null, looks });
    if (next && same && kept.off.size > 0) this.#sendToggle();
  }

  /** Looks at the run that led to the result, for the convergence curve; they are collected when snapshots are set one by one. */
  get looks(): readonly Look[] {
    return this.#view.looks;
  }

  set looks(looks: readonly Look[]) {
    this.#change({ looks });
  }

  /** The model's own answer for the words that are off now: a number, `asking` while it is under way, null where nobody was asked. */
  set measured(value: number | 'asking' | null) {
    this.#change({ measured: value });
  }

  get measured(): number | 'asking' | null {
    return this.#view.measured;
  }

  /** Players switched off, ascending. */
  get off(): readonly number[] {
    return [...this.#view.off].sort((a, b) => a - b);
  }

  /** The interaction that Verify would take: the one chosen, else the largest of two players or more, else the largest. */
  get selected(): readonly number[] | null {
    if (!this.#result) return null;
    const all = realInteractions(this.#result.interactions, 1);
    const chosen = all.find((i) => keyOf(i.members) === this.#view.selected);
    return (chosen ?? this.#scene?.lanes[0] ?? all.find((i) => i.members.length > 1) ?? all[0])?.members ?? null;
  }

  /** Lets colours and widths fit this explanation alone again. */
  resetScale(): void {
    this.#earlier = NO_SCALES;
    this.#change({});
  }

  connectedCallback(): void {
    if (!this.#root) this.#open();
    this.#draw();
  }

  attributeChangedCallback(_name: string, before: string | null, source: string | null): void {
    if (source !== null && source !== before) this.#load(source);
  }

  async #load(source: string): Promise<void> {
    try {
      const response = await fetch(source);
      if (!response.ok) throw new Error(`${source}: ${response.status}`);
      this.result = readExplanation(await response.json());
    } catch (error) {
      this.#send('spex-error', { error });
    }
  }

  #open(): void {
    this.#root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`:host { display: block; } :host([hidden]) { display: none; }${STYLE}`);
    this.#root.adoptedStyleSheets = [sheet];
    this.#body = document.createElement('div');
    this.#live = document.createElement('div');
    this.#live.className = 'spoken';
    this.#live.setAttribute('aria-live', 'polite');
    this.#root.append(this.#body, this.#live);
    this.#root.addEventListener('click', (event) => this.#click(event));
    this.#root.addEventListener('keydown', (event) => this.#key(event as KeyboardEvent));
    for (const type of ['pointerover', 'focusin']) this.#root.addEventListener(type, (event) => this.#light(event.target));
    for (const type of ['pointerleave', 'focusout']) this.#body.addEventListener(type, () => this.#light(null));
  }

  #change(next: Partial<ViewState>): void {
    this.#view = { ...this.#view, ...next };
    this.#draw();
  }

  #draw(): void {
    if (!this.#body) return;
    if (!this.#result) {
      patch(this.#body, [mark('slot')]);
      return;
    }
    const scales = widest(this.#earlier, scalesOf(this.#result));
    this.#scene = sceneOf(this.#result, { ...this.#view, scales, measure: measureLabels, interactive: true });
    patch(this.#body, [explanationMark(this.#scene)]);
  }

  #click(event: Event): void {
    const target = event.target as Element;
    const action = target.closest('[data-action]')?.getAttribute('data-action');
    const player = target.closest('[data-player]')?.getAttribute('data-player');
    const key = target.closest('[data-key]')?.getAttribute('data-key');
    if (action === 'reset') this.#reset();
    else if (action === 'rows') this.#change({ allRows: !this.#view.allRows });
    else if (action === 'lanes') this.#change({ allLanes: !this.#view.allLanes });
    else if (player) this.#toggle(Number(player));
    else if (key) this.#select(key);
  }

  #key(event: KeyboardEvent): void {
    const player = (event.target as Element).closest('.word')?.getAttribute('data-player');
    if (!player || !this.#result || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#result.players.length - 1;
    const forward = getComputedStyle((event.target as Element).parentElement as Element).direction === 'rtl' ? -1 : 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: this.#view.cursor + forward,
      ArrowLeft: this.#view.cursor - forward,
      ArrowDown: this.#view.cursor + 1,
      ArrowUp: this.#view.cursor - 1,
      Home: 0,
      End: last,
    };
    if (event.key in moves) this.#focusWord(Math.max(0, Math.min(last, moves[event.key])));
    else if (event.key === ' ' || event.key === 'Enter') this.#toggle(Number(player));
    else if (event.key.toLowerCase() === 'i') this.#step(Number(player));
    else if (event.key.toLowerCase() === 'v') this.#verify();
    else if (event.key === 'Escape') this.#reset();
    else return;
    event.preventDefault();
  }

  #focusWord(player: number): void {
    this.#change({ cursor: player });
    this.#body?.querySelector<HTMLElement>(`.word[data-player="${player}"]`)?.focus();
  }

  #toggle(player: number): void {
    const off = new Set(this.#view.off);
    if (!off.delete(player)) off.add(player);
    this.#change({ off, cursor: player, measured: null });
    this.#sendToggle();
    const label = this.#scene?.labels[player] ?? '';
    this.#say(`${strings.switched(label, !off.has(player))}: ${strings.answer(this.#scene?.predicted ?? 0)}`);
  }

  #reset(): void {
    const changed = this.#view.off.size > 0;
    this.#earlier = NO_SCALES;
    this.#change({ off: new Set(), measured: null, selected: null, lit: null });
    if (changed) this.#sendToggle();
  }

  /** The next interaction shown that holds a word: lit, chosen and spoken. */
  #step(player: number): void {
    const scene = this.#scene;
    if (!scene) return;
    const mine = scene.lanes.filter((l) => l.members.includes(player)).map((l) => keyOf(l.members));
    if (mine.length === 0) this.#say(strings.noInteractions(scene.labels[player]));
    else this.#select(mine[(mine.indexOf(this.#view.selected ?? '') + 1) % mine.length]);
  }

  #select(key: string): void {
    const scene = this.#scene;
    const found = scene && [...scene.lanes, ...scene.rows].find((i) => keyOf(i.members) === key);
    if (!found) return;
    this.#change({ selected: key, lit: found.members });
    const names = strings.join(found.members.map((m) => scene.labels[m]));
    this.#say(strings.together(names, strings.spoken(found.value), found.se > 0 ? strings.error(found.se) : ''));
    this.#send('spex-select', { members: found.members } satisfies MembersDetail);
  }

  #verify(): void {
    const members = this.selected;
    if (members) this.#send('spex-verify', { members } satisfies MembersDetail);
  }

  /** Lights what is under the pointer, or what the keyboard has come to: a page that scrolls under a resting pointer takes nothing away. */
  #light(target: EventTarget | null): void {
    const holderOf = (e: unknown) => (e instanceof Element ? e.closest('[data-key], [data-player]') : null);
    const holder = holderOf(target) ?? holderOf(this.#root?.querySelector(':focus-visible'));
    const key = holder?.getAttribute('data-key') ?? holder?.getAttribute('data-player') ?? null;
    const lit = key === null ? null : key.split(' ').map(Number);
    if (keyOf(lit ?? []) !== keyOf(this.#view.lit ?? [])) this.#change({ lit });
  }

  #say(sentence: string): void {
    if (this.#live) this.#live.textContent = visible(sentence);
  }

  #sendToggle(): void {
    this.#send('spex-toggle', { off: this.off, predicted: this.#scene?.predicted ?? 0 } satisfies ToggleDetail);
  }

  #send(name: string, detail: ToggleDetail | MembersDetail | { error: unknown }): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** Values of the two can be set side by side: the same quantity of the same kind of players and the same model. */
function comparable(a: Explanation, b: Explanation | null): boolean {
  return b !== null && a.lens === b.lens && a.scalar === b.scalar && a.index === b.index && a.model?.sha256 === b.model?.sha256;
}
