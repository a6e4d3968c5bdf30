import type { Explanation } from '../../explain/document.ts';
import { count, percents, size, visible } from '../format.ts';
import { type Mark, mark } from '../mark.ts';
import { curveLayout, type Look, lookOf } from '../marks.ts';
import type { Scene } from '../scene.ts';
import { strings } from '../strings.ts';

const BOX = { width: 236, height: 110, left: 30, top: 10, right: 14, bottom: 24 };

/** The convergence curve, the methods compared, and how the explanation was made. */
export function trustMarks(scene: Scene): Mark[] {
  const { explanation, view, grade, said } = scene;
  const looks = view.looks.length > 0 ? view.looks : [lookOf(explanation)];
  return [
    mark(
      'section',
      { class: 'card trust', part: 'trust' },
      mark('h2', {}, strings.curve),
      ...(grade === 'exact' && looks.length < 2
        ? [mark('p', { class: 'legend' }, said.exact(explanation.fit.queries))]
        : curveMarks(looks)),
      ...assuranceMarks(explanation),
      ...methodMarks(explanation),
      ...structureMarks(scene),
      madeMarks(explanation),
    ),
  ];
}

function curveMarks(looks: readonly Look[]): Mark[] {
  const { width, height, left, top, right, bottom } = BOX;
  const curve = curveLayout(looks, width, height);
  const spoken = strings.curveLabel(looks.map((l) => strings.curvePoint(l.queries, l.r2)).join(', '));
  const last = looks[looks.length - 1];
  const stable = curve.stableSince;
  return [
    mark(
      'svg',
      { class: 'curve', viewBox: `${-left} ${-top} ${left + width + right} ${top + height + bottom}`, role: 'img', 'aria-label': spoken },
      ...[1, 0.5, 0].flatMap((r2) => [
        mark('line', { class: r2 === 0 ? 'axis' : 'grid', x1: 0, x2: width, y1: height * (1 - r2), y2: height * (1 - r2) }),
        mark('text', { x: -8, y: height * (1 - r2) + 4, 'text-anchor': 'end' }, String(r2)),
      ]),
      ...curve.ticks.map((t) => mark('text', { x: t.x, y: height + 17, 'text-anchor': 'middle' }, count(t.queries))),
      stable !== null &&
        stable.queries !== last.queries &&
        mark('line', { class: 'stable', x1: stable.x, x2: stable.x, y1: 0, y2: height }),
      mark('path', { class: 'band', d: curve.band }),
      mark('path', { class: 'line', d: curve.line }),
      ...curve.points.map((p) => mark('circle', { class: 'point', cx: p.x, cy: p.y, r: 3 })),
    ),
    mark(
      'p',
      { class: 'legend' },
      strings.curveText,
      stable === null ? '' : ` ${stable.queries === last.queries ? strings.unstable : strings.stable(stable.queries)}`,
    ),
  ];
}

/** What the stop rule and the audit found. */
function assuranceMarks({ fit: { until, audit, priorTexts } }: Explanation): Mark[] {
  const said = [
    audit && strings.audited(audit),
    until && strings.until(until),
    priorTexts === undefined ? undefined : strings.begun(priorTexts),
  ];
  return said.filter((text) => text !== undefined).map((text) => mark('p', { class: 'legend' }, text));
}

function methodMarks({ fit }: Explanation): Mark[] {
  if (fit.candidates.length < 2) return [];
  return [
    mark('h3', {}, strings.methods),
    mark(
      'ul',
      { class: 'methods' },
      ...fit.candidates.map(({ method, r2, folds }) =>
        mark(
          'li',
          { class: method === fit.chosen ? 'used' : '' },
          mark('span', { class: 'name' }, visible(method)),
          mark('span', { class: 'meter', 'aria-hidden': 'true', '--share': Math.max(0, Math.min(1, r2)) }),
          mark('span', { class: 'number' }, size(r2)),
          folds !== undefined && mark('span', { class: 'short' }, strings.droppedOut(folds)),
        ),
      ),
    ),
    mark('p', { class: 'legend' }, `${strings.methodsText} ${sentence(strings.chosen(visible(fit.chosen)))}`),
  ];
}

/** Larger groups than three are told together. */
const DEGREES_TOLD = 4;

function structureMarks({ explanation: { structure }, said }: Scene): Mark[] {
  if (structure === undefined || structure.terms === 0) return [];
  const { energy, terms, dsr, scr } = structure;
  const told = energy.slice(0, DEGREES_TOLD);
  for (const share of energy.slice(DEGREES_TOLD)) told[DEGREES_TOLD - 1] += share;
  return [
    mark('h3', {}, strings.structure),
    mark('p', { class: 'legend structure' }, `${said.energy(told)} ${said.hierarchy(terms, dsr, scr)}`),
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function madeMarks(e: Explanation): Mark {
  const facts: [string, string][] = [
    ['index', `${e.index}, up to order ${count(e.maxOrder)}`],
    ['method', e.method === e.fit.chosen ? e.method : `${e.method} → ${e.fit.chosen}`],
    ['mask', e.mask],
    ['players', e.units],
    ...(e.locked ? [['never masked', e.locked.map(([start, end]) => e.text.slice(start, end)).join(' … ')] as [string, string]] : []),
    ['target', `${e.target}, ${e.scalar}`],
    ['seed', String(e.seed)],
    [
      'R²',
      e.fit.heldOut === 0
        ? `${size(e.fit.r2)} on all masks`
        : `${size(e.fit.r2)} on ${count(e.fit.heldOut)} masks held out${e.fit.folds ? ` in ${count(e.fit.folds)} turns` : ''} (${percents(e.fit.r2Low, e.fit.r2High)})`,
    ],
    ...(e.model
      ? [
          ['model', `${e.model.id} @ ${e.model.revision}, ${e.model.dtype}`] as [string, string],
          ['SHA-256', e.model.sha256] as [string, string],
        ]
      : []),
    ...(e.device ? [['device', `${e.device.backend}, ${e.device.adapter}`] as [string, string]] : []),
    ['made by', strings.made(e.software.version)],
  ];
  return mark(
    'details',
    { class: 'made' },
    mark('summary', {}, strings.settings),
    mark('dl', {}, ...facts.flatMap(([name, value]) => [mark('dt', {}, name), mark('dd', {}, visible(value))])),
  );
}
