/** Keeps a file that is dropped on the page from being opened in its place. */
export function keepPage(): void {
  for (const name of ['dragover', 'drop'] as const) {
    document.addEventListener(name, (event) => {
      if (hasFiles(event.dataTransfer)) event.preventDefault();
    });
  }
}

/** @param refused a file was dropped or pasted, and there is nothing that takes it */
export function onFiles(refused: () => void, life: AbortSignal): void {
  const options = { signal: life };
  document.addEventListener('drop', ({ dataTransfer }) => tell(dataTransfer), options);
  document.addEventListener(
    'paste',
    ({ clipboardData }) => {
      // What office programs copy comes as text and as a picture of it: the text is pasted.
      if (clipboardData?.types.includes('text/plain') === false) tell(clipboardData);
    },
    options,
  );

  function tell(transfer: DataTransfer | null): void {
    if (hasFiles(transfer)) refused();
  }
}

function hasFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes('Files') === true;
}
