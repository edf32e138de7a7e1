import { generateKeyPairSync } from 'node:crypto'
import { DAY, HOUR, MINUTE, orderIdAt, type Random, seeded } from './believable'
import type { Fields, Version } from './caller'
import { encryptClientSecret, type KitName, kitUsers } from './kit'
import { inOrder, type Step } from './shop-stage'

type Department = { orgCode: string; orgName: string; name: string; parentCode: string }

/** Departments of a company as people would name them: centres, departments below each, teams below those. */
function companyTree(company: string, centres: readonly string[], teams: number): Department[] {
  const department = (orgCode: string, name: string, parentCode: string) => ({
    orgCode,
    orgName: name,
    name,
    parentCode,
  })
  const numerals = [...'一二三四五']
  const below = centres.flatMap((centre, c) => {
    const code = `${c + 1}`.padStart(2, '0')
    const short = centre.replace(/(中心|部)$/, '')
    return [
      department(code, centre, '00'),
      ...numerals.flatMap((numeral, d) => [
        department(`${code}${d + 1}`, `${short}${numeral}部`, code),
        ...numerals
          .slice(0, teams)
          .map((team, t) => department(`${code}${d + 1}${t + 1}`, `${short}${numeral}部${team}组`, `${code}${d + 1}`)),
      ]),
    ]
  })
  return [department('00', company, ''), ...below]
}

const CENTRES = [
  ...['研发中心', '制造中心', '营销中心', '供应链中心', '质量中心', '财务中心', '人力资源中心', '信息中心'],
  ...['客户服务中心', '采购中心', '法务部', '战略投资部'],
] as const

const POSITIONS = ['工程师', '高级工程师', '主管', '经理', '专员', '助理'] as const

function staffOf(count: number, departments: Department[], domain: string, random: Random): Fields[] {
  const places = departments.slice(1).map(({ orgCode }) => orgCode)
  return kitUsers(count, places, random).map((user, at) => ({
    ...user,
    email: `${user.userName}@${domain}`,
    position: random.pick(POSITIONS),
    employeeCode: `E${String(10_000 + at)}`,
    employeeType: at % 9 === 8 ? 3 : 1,
    workPlace: '苏州',
    entryDate: `20${String(random.int(15, 25))}-0${random.int(1, 9)}-1${random.int(0, 9)}`,
  }))
}

/**
 * Two enterprises of the joint operation up to `until`: bound, with applications, members and departments, and what changed
 * since. `instances` are those they are bound to.
 */
export function enterpriseStories(until: Date, instances: readonly [string, string], seed = 23): Step[] {
  const random = seeded(seed)
  const steps: Step[] = []
  const ago = (days: number, minutes = 0) => new Date(until.getTime() - days * DAY + minutes * MINUTE)

  function enterprise(given: { name: string; domain: string; code: string; instanceId: string; version: Version }) {
    const { instanceId, version } = given
    const tenantId = random.text(32, '0123456789abcdef')
    const sync = (at: Date, name: KitName, fields: Fields) =>
      void steps.push({ at, play: (stage) => stage.kit(version, name, { instanceId, tenantId, ...fields }) })
    const bind = (at: Date) =>
      sync(at, 'tenantSync', {
        orderId: orderIdAt(at, random),
        tenantCode: given.code,
        name: given.name,
        domainName: `https://${given.domain}`,
        flag: 1,
      })
    /** Sealed for the desk's key, or for one it does not have. */
    const app = (at: Date, appId: string, forStranger = false) => {
      const [clientId, secret] = [random.text(20, '0123456789abcdef'), random.text(32, '0123456789abcdef')]
      const strangers = () => generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey
      steps.push({
        at,
        async play(stage) {
          const key = forStranger ? strangers() : await stage.publicKey()
          const fields = { appId, clientId, clientSecret: encryptClientSecret(secret, key), flag: 1 }
          return stage.kit(version, 'applicationSync', { instanceId, tenantId, ...fields })
        },
      })
    }
    const orgs = (at: Date, list: Department[]) =>
      sync(at, 'allOrgSync', version === 'v1' ? { orgInfo: list } : { orgInfoList: list })
    const org = (at: Date, flag: 0 | 1 | 2, { orgCode, orgName, parentCode }: Omit<Department, 'name'>) =>
      sync(at, 'singleOrgSync', { orgCode, orgName, parentCode, flag })
    const users = (at: Date, appId: string, userList: Fields[], flag = 1) =>
      sync(at, 'authSync', { appId, userList, flag })
    return { bind, app, orgs, org, users }
  }

  const maker = enterprise({
    ...{ name: '苏州云岭精密制造有限公司', domain: 'yunling.login.example.com', code: 'YUNLING' },
    ...{ instanceId: instances[0], version: 'v2' },
  })
  const tree = companyTree('苏州云岭精密制造', CENTRES, 4)
  const people = staffOf(64, tree, 'yunling.example.com', random)
  const [office, board] = ['office-desk', 'data-board']
  maker.bind(ago(96))
  maker.app(ago(96, 1), office, true) // the key pair had just been exchanged
  maker.app(ago(96, 40), office)
  maker.orgs(ago(96, 42), tree)
  maker.users(ago(95), office, people.slice(0, 40))
  maker.app(ago(50), board)
  maker.users(ago(50, 20), board, people.slice(0, 12))
  maker.users(ago(31), office, people.slice(40))
  maker.org(ago(18), 1, { orgCode: '0136', orgName: '研发预研组', parentCode: '013' })
  maker.org(ago(18, 3), 2, { orgCode: '031', orgName: '营销华东部', parentCode: '03' })
  maker.org(ago(12), 1, { orgCode: '9901', orgName: '海外筹备组', parentCode: '99' }) // above it nothing was ever sent
  maker.users(
    ago(9),
    office,
    [
      { ...people[3], orgCode: '' },
      { ...people[5], enable: 'false' },
    ],
    2,
  )
  maker.users(ago(4), office, people.slice(20, 23), 3)
  maker.users(ago(0, -200), office, people.slice(30, 32), 0)

  const clinic = enterprise({
    ...{ name: '杭州启明医疗器械有限公司', domain: 'qiming.login.example.com', code: 'QIMING' },
    ...{ instanceId: instances[1], version: 'v1' },
  })
  const small = companyTree('杭州启明医疗器械', CENTRES.slice(0, 6), 0)
  const staff = staffOf(14, small, 'qiming.example.com', random)
  clinic.bind(ago(27))
  clinic.app(ago(27, 1), office)
  clinic.orgs(ago(27, 2), small)
  clinic.users(ago(26), office, staff)
  clinic.org(ago(2, -3 * (HOUR / MINUTE)), 0, { orgCode: '065', orgName: '财务五部', parentCode: '06' })
  return inOrder(steps, until)
}
