/** Where the desk under test and the world around it listen; E2E_PORT moves all of them. */
const port = Number(process.env.E2E_PORT ?? 4310)

export const ports = { desk: port, marketplace: port + 1, fallback: port + 2, seller: port + 3, spare: port + 4 }
export const deskUrl = `http://127.0.0.1:${ports.desk}`
