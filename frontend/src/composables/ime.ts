/** Whether a key belongs to an input method: Enter then chooses a character, it does not send. Safari says so by code 229. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229
