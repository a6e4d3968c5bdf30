import type { Explanation, Interaction } from '../explain/document.ts';
import { html } from './dom.ts';
import { drawCurve, drawLanes, drawTable, drawText, keyOf, type Scene } from './draw.ts';
import { labels, layOut, topInteractions } from './marks.ts';
import { deviceLine, fitChip, fitSentence, passes, prediction, signed, size, warning, words } from './strings.ts';
import { css } from './styles.ts';
import { project } from './surrogate.ts';

/** Lanes and table rows shown. */
const LANES = 8;
const ROWS = 12;

/** What `spex-toggle`, `spex-verify` and `spex-select` carry. */
export interface ToggleDetail {
  /** Players switched off, ascending. */
  readonly absent: readonly number[];
  /** What the explanation predicts for that masking. */
  readonly predicted: number;
}
export interface MembersDetail {
  readonly members: readonly number[];
}

/** `HTMLElement` where there is a document, so that the module can be imported in bare Node. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * Shows an explanation: set `result` to a document (each later snapshot of the same text adds to the convergence curve). Light-DOM children
 * with slot="verify" appear under the table. Events, bubbling and composed: `spex-toggle` when words are switched off or on, `spex-verify` with
 * the members to verify, `spex-select`. Needs no GPU and makes no request.
 */
export class SpexExplanation extends Base {
  #result: Explanation | null = null;
  #looks: Explanation['fit'][] = [];
  #absent = new Set<number>();
  #measured: { key: string; value: number } | null = null;
  #focus = 0;
  #selected = '';
  #root: ShadowRoot | null = null;

  get result(): Explanation | null {
    return this.#result;
  }

  set result(next: Explanation | null) {
    const before = this.#result;
    const continues =
      next &&
      before &&
      next.text === before.text &&
      next.seed === before.seed &&
      next.target === before.target &&
      next.fit.queries > before.fit.queries;
    this.#result = next;
    this.#looks = next ? [...(continues ? this.#looks : []), next.fit] : [];
    if (!continues) {
      this.#absent = new Set();
      this.#selected = '';
      this.#focus = 0;
      this.#measured = null;
    }
    this.#draw();
  }

  /** The true pass for words that are switched off, shown beside the prediction while they are. */
  setMeasured(absent: readonly number[], value: number): void {
    this.#measured = { key: absent.join(), value };
    this.#draw();
  }

  /** The interaction that Verify would take: the one chosen, else the largest. */
  get selected(): readonly number[] | null {
    const top = this.#shown();
    return (top.find((i) => keyOf(i) === this.#selected) ?? top[0])?.members ?? null;
  }

  connectedCallback(): void {
    if (!this.#root) {
      this.#root = this.attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      this.#root.adoptedStyleSheets = [sheet];
      this.#root.addEventListener('click', (e) => this.#click(e));
      this.#root.addEventListener('keydown', (e) => this.#key(e as KeyboardEvent));
      for (const type of ['mouseover', 'mouseout', 'focusin', 'focusout'])
        this.#root.addEventListener(type, (e) => this.#light(e, type === 'mouseover' || type === 'focusin'));
    }
    this.#draw();
  }

  #shown(): Interaction[] {
    return this.#result ? topInteractions({ interactions: project(this.#result, this.#absent).interactions }, ROWS) : [];
  }

  #draw(): void {
    const e = this.#result;
    if (!this.#root) return;
    if (!e) {
      this.#root.replaceChildren(html('slot'));
      return;
    }
    const { interactions } = project(e, this.#absent);
    const scene: Scene = {
      explanation: e,
      interactions,
      absent: this.#absent,
      largest: Math.max(1e-9, ...e.interactions.slice(0, 1).map((i) => Math.abs(i.value))),
    };
    const rows = topInteractions({ interactions }, ROWS);
    const focused = this.#root.activeElement?.getAttribute('data-player');
    this.#root.replaceChildren(
      this.#summary(scene, rows),
      this.#below(scene, rows),
      html('div', { class: 'hidden', 'aria-live': 'polite' }),
    );
    if (focused !== null && focused !== undefined) this.#word(Number(focused))?.focus();
    this.#mark();
  }

  #summary(scene: Scene, rows: readonly Interaction[]): HTMLElement {
    const e = scene.explanation;
    const software = e.device?.software ?? false;
    const card = html('section', { class: `card${e.fit.heldOut > 0 && e.fit.r2 < 0.5 ? ' poor' : ''}`, 'aria-label': 'Explanation' });
    card.append(
      html(
        'div',
        { class: 'row' },
        html('span', { class: 'said' }, prediction(e)),
        html('span', { class: 'chip', title: fitSentence(e.fit) }, fitChip(e.fit)),
        html('span', { class: 'chip' }, passes(e)),
        html('span', { class: `chip${software ? ' amber' : ''}` }, deviceLine(e)),
      ),
      html('p', { class: 'small fit' }, `${fitSentence(e.fit)}. Method: ${e.fit.chosen}.`),
    );
    const warn = warning(e.fit);
    if (warn) card.append(html('p', { class: 'warning', role: 'note' }, warn));
    card.append(drawText(scene, this.#focus), this.#offLine(scene), this.#legend(e));
    if (rows.length > 0) card.append(drawLanes(layOut(e, rows.slice(0, LANES), scene.largest)));
    else card.append(html('p', { class: 'small' }, words.none));
    return card;
  }

  #legend(e: Explanation): HTMLElement {
    return html(
      'p',
      { class: 'small' },
      `${words.legend} `,
      html('span', { class: 'plus-ink' }, words.toward(e.target)),
      ', ',
      html('span', { class: 'minus-ink' }, words.away),
      `. ${words.faint} ${words.keys}`,
    );
  }

  /** What the explanation, and once known the model, say with some words off. */
  #offLine({ explanation, absent }: Scene): HTMLElement {
    const line = html('p', { class: 'off', hidden: absent.size === 0 });
    if (absent.size === 0) return line;
    const names = labels(explanation);
    const off = [...absent].sort((a, b) => a - b);
    const { value } = project(explanation, absent);
    const measured = this.#measured?.key === off.join() ? signed(this.#measured.value) : words.asking;
    line.append(
      html('strong', {}, words.off(off.map((p) => `“${names[p]}”`).join(', '))),
      `: ${words.surrogate} ${signed(value)}, ${words.measured} `,
      html('span', { class: 'measured' }, measured),
      ` (${explanation.scalar}; whole text ${signed(explanation.values.full)}) `,
      html('button', { class: 'plain', type: 'button', 'data-do': 'reset' }, words.reset),
    );
    return line;
  }

  #below(scene: Scene, rows: readonly Interaction[]): HTMLElement {
    const verify = html('button', { class: 'plain', type: 'button', 'data-do': 'verify', disabled: rows.length === 0 }, words.verify);
    const table = html(
      'section',
      { class: 'card' },
      html('div', { class: 'head' }, html('h2', {}, 'Top interactions'), verify),
      drawTable(scene, rows),
      html('slot', { name: 'verify' }),
    );
    const curve = html(
      'section',
      { class: 'card' },
      html('h2', {}, words.convergence),
      drawCurve(this.#looks),
      html('p', { class: 'small' }, words.curve),
    );
    return html('div', { class: 'below' }, table, curve);
  }

  #word(player: number): HTMLElement | null {
    return this.#root?.querySelector(`[data-player="${player}"]`) ?? null;
  }

  #click(event: Event): void {
    const target = event.target as Element;
    const player = target.closest('[data-player]')?.getAttribute('data-player');
    if (player !== null && player !== undefined) return this.#toggle(Number(player));
    const act = target.closest('[data-do]')?.getAttribute('data-do');
    if (act === 'reset') return this.#reset();
    if (act === 'verify') return this.#verify();
    const members = target.closest('[data-members]')?.getAttribute('data-members');
    if (members) this.#select(members);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const onWord = (event.target as Element).closest('[data-player]') !== null;
    if (step && onWord) this.#move(step);
    else if (event.key === 'i' || event.key === 'I') this.#next();
    else if (event.key === 'v' || event.key === 'V') this.#verify();
    else if (event.key === 'Escape' && this.#absent.size > 0) this.#reset();
    else return;
    event.preventDefault();
  }

  #move(step: number): void {
    const count = this.#result?.players.length ?? 0;
    this.#word(this.#focus)?.setAttribute('tabindex', '-1');
    this.#focus = (this.#focus + step + count) % count;
    const word = this.#word(this.#focus);
    word?.setAttribute('tabindex', '0');
    word?.focus();
  }

  #toggle(player: number): void {
    if (!this.#absent.delete(player)) this.#absent.add(player);
    this.#focus = player;
    this.#changed();
    this.#word(player)?.focus();
  }

  #reset(): void {
    this.#absent.clear();
    this.#changed();
    this.#word(this.#focus)?.focus();
  }

  #changed(): void {
    this.#draw();
    if (!this.#result) return;
    const absent = [...this.#absent].sort((a, b) => a - b);
    this.#send('spex-toggle', { absent, predicted: project(this.#result, this.#absent).value } satisfies ToggleDetail);
  }

  #next(): void {
    const rows = this.#shown();
    if (rows.length === 0) return;
    const at = rows.findIndex((i) => keyOf(i) === this.#selected);
    this.#select(keyOf(rows[(at + 1) % rows.length]));
  }

  #select(key: string): void {
    this.#selected = key;
    this.#mark();
    const found = this.#shown().find((i) => keyOf(i) === key);
    if (!found || !this.#result) return;
    const names = labels(this.#result);
    const live = this.#root?.querySelector('[aria-live]');
    if (live) live.textContent = words.together(found.members.map((m) => names[m]).join(' and '), signed(found.value), size(found.se));
    this.#send('spex-select', { members: found.members } satisfies MembersDetail);
  }

  #verify(): void {
    const members = this.selected;
    if (members) this.#send('spex-verify', { members } satisfies MembersDetail);
  }

  #mark(): void {
    for (const node of this.#root?.querySelectorAll('tr[data-members]') ?? [])
      node.classList.toggle('lit', node.getAttribute('data-members') === this.#selected);
    this.#lightWords(this.#selected);
  }

  #lightWords(members: string): void {
    const lit = new Set(members.split(',').filter(Boolean));
    for (const word of this.#root?.querySelectorAll('[data-player]') ?? [])
      word.classList.toggle('lit', lit.has(word.getAttribute('data-player') ?? ''));
  }

  #light(event: Event, on: boolean): void {
    const members = (event.target as Element).closest('[data-members]')?.getAttribute('data-members');
    if (members !== null && members !== undefined) this.#lightWords(on ? members : this.#selected);
  }

  #send(name: string, detail: ToggleDetail | MembersDetail): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
