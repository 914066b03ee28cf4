/** Vite gives the text of a file imported so; a Worker has no files of its own. */
declare module '*?raw' {
  const text: string;
  export default text;
}
