declare module '*.css' {
  /** The text of a style sheet. */
  const text: string;
  export default text;
}
