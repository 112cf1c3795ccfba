/** Colours of lists: apart from each other, readable on light and dark. */
export const LIST_COLORS = ['#2f855a', '#0e7490', '#2563eb', '#7c3aed', '#be185d', '#c2410c', '#a16207', '#57606a'] as const
