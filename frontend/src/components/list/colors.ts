/** Colours of lists: apart from each other, readable on light and dark. */
export const LIST_COLORS = [
  { value: '#2f855a', name: 'green' },
  { value: '#0e7490', name: 'teal' },
  { value: '#2563eb', name: 'blue' },
  { value: '#7c3aed', name: 'violet' },
  { value: '#be185d', name: 'pink' },
  { value: '#c2410c', name: 'orange' },
  { value: '#a16207', name: 'gold' },
  { value: '#57606a', name: 'grey' },
] as const
