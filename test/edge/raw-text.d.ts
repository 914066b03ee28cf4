/** The text of a file, which Vite puts into the bundle; a Worker cannot read files. */
declare module '*?raw' {
  const text: string;
  export default text;
}
