/** The AssemblyScript program compiled by vite.kernels.ts, in base64. */
declare module '*?kernels' {
  export const plain: string;
  export const relaxed: string;
}

/** A module and its imports as the text of one classic script. */
declare module '*?script' {
  const script: string;
  export default script;
}
