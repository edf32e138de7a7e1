/** `npm test` runs a short form of each; `npm run endurance` the whole. */
export const long = process.env.ENDURANCE === 'long'
