/** Lines of counts by how many were looked at, each named at its end, as an SVG on white. */
export function drawn({ title, across, most, top, lines }) {
  const [width, height, left, right, above, below] = [760, 380, 56, 250, 40, 56];
  const x = (k) => left + (k / most) * (width - left - right);
  const y = (count) => above + (1 - count / top) * (height - above - below);
  const text = (px, py, said, more = 'fill="#16181d"') => `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" ${more}>${said}</text>`;
  const curves = lines.map(([name, counts, colour, dash], i) => {
    const points = Array.from({ length: Math.min(most, counts.length) }, (_, k) => `L${x(k + 1).toFixed(1)} ${y(counts[k]).toFixed(1)}`);
    const at = above + 24 + 26 * i;
    const stroke = `stroke="${colour}" stroke-width="2.5" fill="none"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
    return `<path d="M${x(0).toFixed(1)} ${y(0).toFixed(1)}${points.join('')}" ${stroke}/><path d="M${width - right + 14} ${at - 5}h28" ${stroke}/>${text(width - right + 50, at, name)}`;
  });
  const grid = [0, 5, 10, 15, 20, 25]
    .filter((count) => count <= top)
    .map(
      (count) =>
        `<line x1="${left}" x2="${width - right}" y1="${y(count).toFixed(1)}" y2="${y(count).toFixed(1)}" stroke="#dfe3ea"/>${text(left - 10, y(count) + 5, count, 'text-anchor="end" fill="#565d6d"')}`,
    );
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    text(x(share * most), height - below + 22, share * most, 'text-anchor="middle" fill="#565d6d"'),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="14">
<title>${title}</title><rect width="${width}" height="${height}" fill="#ffffff"/>
${[...grid, ...ticks, ...curves].join('\n')}
${text(left, height - 12, across)}
${text(left, 22, title)}
</svg>
`;
}
