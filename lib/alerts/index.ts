export { alertItem, alertQuery, firingAlerts, listAlerts } from './list'
export { alertTestSchema, sendAlertNotice, testAlerts } from './send'
export { alertSettingsInput, alertSettingsSchema, getAlertSettings, saveAlertSettings } from './settings'
export { checkAlerts } from './watch'
