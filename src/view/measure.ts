import { guessWidth } from './marks.ts';

let pen: CanvasRenderingContext2D | null | undefined;

/** Width in pixels of a label above the lanes, measured where there is a canvas. */
export function measureLabels(label: string): number {
  pen ??= document.createElement('canvas').getContext('2d');
  if (!pen) return guessWidth(label);
  pen.font = "13px system-ui, -apple-system, 'Segoe UI', 'Open Sans', 'DejaVu Sans', sans-serif";
  return pen.measureText(label).width;
}
