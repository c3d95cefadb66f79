/*! Licenses of the bundled packages: /assets/licences.md */
import{i as e,n as t,r as n}from"./account-profile-CordMvgH.js";/* empty css              */import{o as r,p as i,t as a}from"./jsxRuntime.module-CnYUX-XB.js";import{B as o,H as s,K as c,U as l,V as u,X as d,n as f,q as p,t as m}from"./index-C3qq_fug.js";import{Z as h,_ as g,a as _,g as v,s as y,t as b,v as x}from"./time-CLl4T1nq.js";import{n as S}from"./secret-DjiXFz_Z.js";import{a as C,n as w,t as T}from"./form-Cz-rZUfQ.js";import{t as E}from"./actions-sPt1L9Cl.js";import{t as D}from"./pager-C-jgpCAO.js";import{t as ee}from"./unsaved-BbmTKLC9.js";import{t as te}from"./search-field-1miFSrDU.js";var O=`It is stored encrypted and not shown again.`,k={SLACK:{name:`Slack`,text:`posts in a channel`,settings:[{name:`url`,label:`Webhook URL`,type:`url`,placeholder:`https://hooks.slack.com/services/…`,hint:`Slack: Apps → Incoming Webhooks → Add. ${O}`}]},DISCORD:{name:`Discord`,text:`posts in a channel`,settings:[{name:`url`,label:`Webhook URL`,type:`url`,placeholder:`https://discord.com/api/webhooks/…`,hint:`Discord: Edit Channel → Integrations → Webhooks. ${O}`}]},TEAMS:{name:`Microsoft Teams`,text:`posts in a channel`,settings:[{name:`url`,label:`URL of the workflow`,type:`url`,hint:`Teams: Workflows → “When a Teams webhook request is received”. With its query. ${O}`}]},TELEGRAM:{name:`Telegram`,text:`a bot writes to a chat`,settings:[{name:`token`,label:`Token of the bot`,type:`password`,hint:`@BotFather tells it. ${O}`},{name:`chatId`,label:`Chat`,placeholder:`-1001234567890 or @channel`,hint:`The number of the chat, or the @name of a public channel`}]},NTFY:{name:`ntfy`,text:`push to a phone`,settings:[{name:`topic`,label:`Topic`,hint:`Who knows it can read along, so choose one that is hard to guess. ${O}`},{name:`server`,label:`Server`,type:`url`,placeholder:`https://ntfy.sh`,isOptional:!0},{name:`token`,label:`Access token`,type:`password`,isOptional:!0,hint:`If the topic requires one`}]},PAGERDUTY:{name:`PagerDuty`,text:`alerts who is on call`,settings:[{name:`routingKey`,label:`Integration key`,type:`password`,hint:`Of an “Events API v2” integration: 32 letters and digits. ${O}`},{name:`region`,label:`Region`,isOptional:!0,choices:[{value:`US`,name:`United States`},{value:`EU`,name:`Europe`}]}]},WEBHOOK:{name:`Webhook`,text:`calls a program of yours, signed`,settings:[{name:`url`,label:`URL`,type:`url`,placeholder:`https://example.com/alerts`,hint:`It is called with JSON and a signature. Only its host is shown later.`}]},LIVE:{name:`Live`,text:`your programs with an open stream; else by mail`,settings:[{name:`fallbackAfter`,label:`Mail it if nobody has acknowledged it after`,isOptional:!0,choices:[{value:`PT1M`,name:`1 minute`},{value:`PT5M`,name:`5 minutes`},{value:`PT15M`,name:`15 minutes`},{value:`PT1H`,name:`1 hour`},{value:`P1D`,name:`1 day`}]}]},APPRISE:{name:`Apprise`,text:`many other services`,settings:[{name:`url`,label:`URL`,placeholder:`pover://user@token`,hint:`As Apprise writes it. ${O}`}]}},ne=Object.keys(k);function A(e,t){let n=k[e].settings.filter(({name:e,isOptional:n})=>t[e]||!n);return{[e.toLowerCase()]:Object.fromEntries(n.map(({name:e})=>[e,t[e]??``]))}}var j={BEGAN_FAILING:{group:`Failures`,name:`Began failing`,text:`first failure of something that worked`},ATTEMPT_FAILED:{group:`Failures`,name:`Attempt failed`,text:`each failed attempt`,isOptIn:!0},FAILED_FOR_GOOD:{group:`Failures`,name:`Failed for good`,text:`a run that is not retried`},STILL_FAILING:{group:`Failures`,name:`Still failing`,text:`reminders`},RECOVERED:{group:`Failures`,name:`Recovered`,text:`works again`},INCIDENT_CLOSED:{group:`Failures`,name:`Incident closed`,text:`deleted, paused or muted while it failed`},TASK_PAUSED:{group:`Failures`,name:`Task paused`,text:`paused itself after failures`},RUN_MISSED:{group:`Failures`,name:`Run missed`,text:`of tasks that alert on it`},APPROVAL:{group:`Work`,name:`Approval`,text:`a step waits for your decision`},WORKFLOW_FINISHED:{group:`Work`,name:`Workflow finished`,text:`each completed run`,isOptIn:!0},WORKFLOW_FAILED:{group:`Work`,name:`Workflow failed`,text:`manual and resumed runs`,isOptIn:!0},REPORT_READY:{group:`Work`,name:`Report ready`,text:`a report was written`,isOptIn:!0},REPLAY_FINISHED:{group:`Work`,name:`Replay finished`,text:`of dead letters`},QUOTA_MET:{group:`Account`,name:`Quota met`,text:`at most once a day`},CHANNEL_DISABLED:{group:`Account`,name:`Channel disabled`,text:`it failed for days`},PASSWORD_CHANGED:{group:`Account`,name:`Password changed`,text:``,isAlwaysMailed:!0},REFRESH_TOKEN_REUSED:{group:`Account`,name:`Session ended`,text:`its token was used twice`,isAlwaysMailed:!0},API_TOKEN_CREATED:{group:`Account`,name:`API token created`,text:``,isAlwaysMailed:!0},MAIL_ADDRESS_CHANGED:{group:`Account`,name:`Mail address changed`,text:``,isAlwaysMailed:!0},NETWORK_DOWN:{group:`Server`,name:`Network down`,text:`for administrators`},NETWORK_UP:{group:`Server`,name:`Network up`,text:`for administrators`}},M=Object.keys(j),N=M.filter(e=>!j[e].isOptIn),re=[`Failures`,`Work`,`Account`,`Server`];function P({label:e,chosen:t,change:n,isForMail:r=!1}){let i=e=>n(M.filter(n=>n===e?!t.includes(e):t.includes(n)));return a(`div`,{class:`kinds`,role:`group`,"aria-label":e,children:re.map(e=>a(`div`,{children:[a(`h3`,{children:e}),M.filter(t=>j[t].group===e).map(e=>{let{name:n,text:o,isAlwaysMailed:s}=j[e],c=r&&s===!0;return a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:c||t.includes(e),disabled:c,onChange:()=>i(e)}),a(`span`,{children:[n,` `,a(`span`,{class:`faint`,children:c?`always`:o})]})]},e)})]},e))})}var ie=x(`
  mutation CreateNotificationChannel($name: String!, $channel: NotificationChannelInput!, $events: [NotificationKind!]) {
    createNotificationChannel(input: { name: $name, channel: $channel, events: $events }) {
      notificationChannel {
        id
      }
      signingKey
      userErrors {
        field
        message
      }
    }
  }
`),ae=x(`
  mutation UpdateNotificationChannel($input: UpdateNotificationChannelInput!) {
    updateNotificationChannel(input: $input) {
      notificationChannel {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);function F({kind:e,channel:t,saved:n,cancel:i}){let[o,s]=r(t?.name??k[e].name),[c,l]=r({}),[u,d]=r(t===void 0),[f,p]=r(t?.events??null),m=C(ie),h=C(ae);return a(w,{problems:(t?h:m).problems,submit:async()=>{let r={name:o,events:f===null?null:[...f]};if(!t){let t=await m.send({...r,channel:A(e,c)});t&&n({signingKey:t.createNotificationChannel.signingKey});return}let i={id:t.id,...r,...u&&{channel:A(e,c)}};await h.send({input:i})&&n({signingKey:null})},children:[a(T,{name:`name`,label:`Name`,children:e=>a(`input`,{...e,required:!0,maxlength:100,autofocus:!0,value:o,onInput:e=>s(e.currentTarget.value)})}),u?k[e].settings.map(t=>a(oe,{kind:e,setting:t,value:c[t.name]??``,change:e=>l({...c,[t.name]:e})},t.name)):a(se,{channel:t,replace:()=>d(!0)}),a(ce,{chosen:f,change:p}),a(`div`,{class:`buttons`,children:[a(`button`,{class:`main`,disabled:m.isBusy||h.isBusy,children:t?`Save`:`Add channel`}),a(`button`,{type:`button`,onClick:i,children:`Cancel`})]})]})}function oe({kind:e,setting:t,value:n,change:r}){let{name:i,label:o,hint:s,type:c=`text`,placeholder:l,isOptional:u,choices:d}=t,f=u&&!d?`${o} (optional)`:o;return a(T,{name:`channel.${e.toLowerCase()}.${i}`,label:f,hint:s,children:e=>d?a(`select`,{...e,value:n,onChange:e=>r(e.currentTarget.value),children:[a(`option`,{value:``,children:`default`}),d.map(e=>a(`option`,{value:e.value,children:e.name},e.value))]}):a(`input`,{...e,type:c,required:!u,autocomplete:`off`,spellcheck:!1,placeholder:l,value:n,onInput:e=>r(e.currentTarget.value)})})}function se({channel:e,replace:t}){return a(`div`,{class:`kept`,children:[a(`dl`,{children:a(I,{channel:e})}),a(`button`,{type:`button`,onClick:t,children:`Replace`})]})}function I({channel:e}){let t=new Map(e.settings.map(({name:e,value:t})=>[e,t]));return a(i,{children:k[e.kind].settings.map(({name:e,label:n})=>a(`div`,{children:[a(`dt`,{children:n}),a(`dd`,{children:t.get(e)??a(`span`,{class:`faint`,children:`default`})})]},e))})}function ce({chosen:e,change:t}){return a(T,{name:`events`,label:`Tells of`,children:n=>a(`div`,{id:n.id,children:[a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:e===null,onChange:()=>t(e===null?[...N]:null)}),`all that need not be chosen`]}),e!==null&&a(P,{label:`Kinds of notifications`,chosen:e,change:t})]})})}var le=x(`
  mutation TestNotificationChannel($id: ID!) {
    testNotificationChannel(input: { id: $id }) {
      delivered
      error
      userErrors {
        message
      }
    }
  }
`);function ue({id:e,done:t,children:n}){let{send:o,isBusy:s,problems:c}=C(le),[l,u]=r(null),d=async()=>{u(null);let n=await o({id:e});u(n&&n.testNotificationChannel),t()},f=c.general||(l&&!l.delivered?l.error??`It was not delivered.`:``);return a(i,{children:[a(`div`,{class:`buttons`,children:[a(`button`,{type:`button`,disabled:s,onClick:()=>void d(),children:s?`Sending…`:`Send a test`}),n]}),a(`p`,{role:`status`,class:f?`bad-text`:`good-text`,children:[f&&`✕ ${f}`,!f&&l?.delivered&&`✓ The test was accepted. Look whether it has arrived.`]})]})}var L=10,R=x(`
  fragment Delivery on NotificationDelivery {
    id
    isMail
    subject
    status
    queuedAt
    nextTryAt
    deliveredAt
    lastError
    attempts {
      at
      error
    }
    channel {
      name
    }
  }
`),z=x(`
    query DeliveriesOfNotification($id: ID!) {
      node(id: $id) {
        id
        ... on Notification {
          deliveries {
            ...Delivery
          }
        }
      }
    }
  `,[R]),B=x(`
    query DeliveriesOfChannel($id: ID!, $first: Int!) {
      node(id: $id) {
        id
        ... on NotificationChannel {
          deliveries(first: $first) {
            nodes {
              ...Delivery
            }
          }
        }
      }
    }
  `,[R]),V={QUEUED:{word:`waiting`,tone:`faint`},DELIVERED:{word:`delivered`,tone:`good-text`},SUPERSEDED:{word:`superseded by a later one`,tone:`faint`},FAILED:{word:`failed`,tone:`bad-text`},SUPPRESSED:{word:`not wanted`,tone:`faint`}},H=({of:e})=>e===`notification`;function U({id:e}){let[t,n]=r(!1);return a(`details`,{onToggle:e=>n(e.currentTarget.open),children:[a(`summary`,{children:`Deliveries`}),t&&a(de,{id:e})]})}function de({id:e}){let{data:t,error:n}=g(z,{id:e},{concerns:H}),r=t?.node&&`deliveries`in t.node?t.node.deliveries:void 0;return a(W,{deliveries:r,error:n,isNamed:!0})}function fe({id:e}){let{data:t,error:n}=g(B,{id:e,first:L},{concerns:H}),r=t?.node&&`deliveries`in t.node?t.node.deliveries.nodes:void 0;return a(W,{deliveries:r,error:n})}function W({deliveries:e,error:t,isNamed:n=!1}){return e?e.length===0?a(`p`,{class:`faint small`,children:`Nothing was sent.`}):a(`ul`,{class:`deliveries`,children:e.map(e=>a(pe,{delivery:e,isNamed:n},e.id))}):t?a(`p`,{class:`problem`,children:t}):null}function pe({delivery:e,isNamed:t}){let{isMail:n,subject:r,status:i,queuedAt:o,nextTryAt:s,deliveredAt:c,lastError:l,attempts:u,channel:d}=e,{word:f,tone:p}=V[i]??{word:i.toLowerCase(),tone:`faint`};return a(`li`,{children:[a(`span`,{class:`what`,children:t?n?`Mail`:d?.name??`A deleted channel`:r}),a(`span`,{class:p,children:f}),a(`span`,{class:`faint`,children:a(b,{at:c??o})}),s&&u.length>0&&a(`span`,{class:`faint`,children:[`tried again `,a(b,{at:s})]}),u.length>1&&a(`span`,{class:`faint`,children:[u.length,` attempts`]}),i!==`DELIVERED`&&l&&a(`span`,{class:`error`,children:l})]})}var me=x(`
  fragment Channel on NotificationChannel {
    id
    name
    kind
    settings {
      name
      value
    }
    events
    isEnabled
    failingSince
    lastError
    lastDeliveredAt
    disabledAt
    disabledReason
  }
`),he=x(`
  mutation EnableNotificationChannel($id: ID!, $isEnabled: Boolean!) {
    updateNotificationChannel(input: { id: $id, isEnabled: $isEnabled }) {
      userErrors {
        message
      }
    }
  }
`),ge=x(`mutation DeleteNotificationChannel($id: ID!) { deleteNotificationChannel(input: { id: $id }) { userErrors { message } } }`),_e=x(`
  mutation RotateNotificationChannelKey($id: ID!) {
    rotateNotificationChannelKey(input: { id: $id }) {
      signingKey
      userErrors {
        message
      }
    }
  }
`);function ve({channel:e,done:t,showKey:n}){let[i,o]=r(!1),[s,c]=r(!1);return a(`section`,{class:`panel channel`,"aria-label":e.name,children:[a(`div`,{class:`heading`,children:[a(`h2`,{children:[e.name,` `,a(`span`,{class:`tag`,children:k[e.kind].name})]}),a(ye,{channel:e})]}),a(be,{channel:e}),a(`dl`,{class:`facts`,children:[a(I,{channel:e}),a(`div`,{children:[a(`dt`,{children:`Tells of`}),a(`dd`,{children:e.events?.map(e=>j[e].name).join(`, `)??`all that need not be chosen`})]})]}),a(ue,{id:e.id,done:t,children:[a(`button`,{type:`button`,onClick:()=>o(!0),children:`Edit`}),a(xe,{channel:e,done:t,showKey:n})]}),a(`details`,{onToggle:e=>c(e.currentTarget.open),children:[a(`summary`,{children:`Last deliveries`}),s&&a(fe,{id:e.id})]}),i&&a(m,{title:`Edit ${e.name}`,close:()=>o(!1),children:a(F,{kind:e.kind,channel:e,saved:()=>{o(!1),t()},cancel:()=>o(!1)})})]})}function ye({channel:e}){let{isEnabled:t,failingSince:n,lastDeliveredAt:r,disabledAt:i}=e;return i?a(`span`,{class:`bad-text`,children:`✕ Disabled by Tocsin`}):t?n?a(`span`,{class:`bad-text`,children:[`✕ Failing since `,a(b,{at:n,as:`moment`})]}):r?a(`span`,{class:`good-text`,children:[`✓ Works `,a(`span`,{class:`faint`,children:[`· last `,a(b,{at:r})]})]}):a(`span`,{class:`faint`,children:`○ Nothing delivered yet`}):a(`span`,{class:`faint`,children:`‖ Off`})}function be({channel:{disabledReason:e,lastError:t}}){let n=e??t;return n===null?null:a(`p`,{class:`notice bad`,children:n})}function xe({channel:e,done:t,showKey:n}){let{id:r,name:o,kind:s,isEnabled:c}=e,u=C(he),{client:d}=v(),p=C(_e),m=u.isBusy||p.isBusy,h=async()=>{await f({title:`Delete ${o}?`,text:`Notifications that wait for it are not delivered. Its secrets are deleted. You can undo it for ten seconds.`,action:`Delete`})&&l(d,ge,{ids:[r],text:`${o} is deleted.`,calls:[{id:r}]})},g=async()=>{if(!await f({title:`Replace the signing key?`,text:`Calls are signed with a new key from now on. Your program has to know it.`,action:`Replace`}))return;let e=await p.send({id:r});e?.rotateNotificationChannelKey.signingKey&&n(e.rotateNotificationChannelKey.signingKey)},_=[u,p].map(({problems:e})=>e.general).join(``);return a(i,{children:[a(`button`,{type:`button`,disabled:m,onClick:()=>void u.send({id:r,isEnabled:!c}).then(t),children:c?`Turn off`:`Turn on`}),s===`WEBHOOK`&&a(`button`,{type:`button`,disabled:m,onClick:()=>void g(),children:`New key`}),a(`button`,{type:`button`,disabled:m,onClick:()=>void h(),children:`Delete`}),a(`span`,{class:`problem`,role:`alert`,children:_})]})}var Se=x(`
    query NotificationChannels {
      notificationChannels {
        ...Channel
      }
      installation {
        channelKinds
      }
    }
  `,[me]);function Ce(){let{data:e,error:t,reread:n}=g(Se,{},{concerns:({of:e})=>e===`notification`}),[l,d]=r(!1),[f,p]=r(null),m=e=>{d(!1),p(e),n()};if(t&&!e)return a(u,{message:t,retry:n});if(!e)return a(s,{count:4});let h=c(e.notificationChannels),_=a(`button`,{type:`button`,class:`main`,onClick:()=>d(!0),children:`Add a channel`});return a(i,{children:[h.length>0&&a(`div`,{class:`toolbar`,children:[a(`p`,{class:`faint`,children:`Beside mail, you are notified here.`}),_]}),f&&a(S,{label:`The key that signs the calls.`,value:f,close:()=>p(null)}),h.map(e=>a(ve,{channel:e,done:n,showKey:p},e.id)),h.length===0&&a(o,{title:`You are notified by mail only`,children:[a(`p`,{children:`Channels reach you in Slack, Teams, Discord, Telegram, on your phone, or in a program of yours.`}),_]}),l&&a(we,{kinds:e.installation.channelKinds,close:()=>d(!1),saved:m})]})}function we({kinds:e,close:t,saved:n}){let[i,o]=r(null);return a(m,{title:i?`Add ${k[i].name}`:`Add a channel`,close:t,children:i?a(F,{kind:i,saved:({signingKey:e})=>n(e),cancel:()=>o(null)}):a(`ul`,{class:`kind-choice`,children:ne.filter(t=>e.includes(t)).map(e=>a(`li`,{children:a(`button`,{type:`button`,onClick:()=>o(e),children:[a(`strong`,{children:k[e].name}),a(`span`,{class:`faint`,children:k[e].text})]})},e))})})}var Te=30,Ee=x(`
  fragment NotificationItem on Notification {
    id
    kind
    subject
    text
    at
    cursor
    acknowledgedAt
    task {
      id
      name
    }
    run {
      id
    }
    workflowRun {
      id
    }
    incident {
      id
    }
  }
`),De=x(`
    query Notifications($unacknowledgedOnly: Boolean!, $first: Int!, $after: String) {
      notifications(unacknowledgedOnly: $unacknowledgedOnly, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...NotificationItem
        }
      }
    }
  `,[Ee]),Oe=x(`
  mutation Acknowledge($ids: [ID!]!) {
    acknowledgeNotifications(input: { ids: $ids }) {
      userErrors {
        message
      }
    }
  }
`),ke=x(`
  mutation AcknowledgeAll($upTo: String!) {
    acknowledgeNotifications(input: { upTo: $upTo }) {
      count
      userErrors {
        field
        message
      }
    }
  }
`);function Ae(){let[e,t]=d(),[n,c]=r(null),l=e.get(`show`)!==`all`,{data:f,error:p,reread:m}=g(De,{unacknowledgedOnly:l,first:Te,after:n},{concerns:({of:e})=>e===`notification`}),h=f?.notifications,_=h?.nodes??[],v=_.filter(({acknowledgedAt:e})=>e===null),y=e=>{c(null),t({show:e})};return a(i,{children:[a(`div`,{class:`toolbar`,children:[a(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:[a(`button`,{type:`button`,"aria-pressed":l,onClick:()=>y(null),children:`Not acknowledged`}),a(`button`,{type:`button`,"aria-pressed":!l,onClick:()=>y(`all`),children:`All`})]}),v[0]&&n===null&&a(je,{upTo:v[0].cursor,done:m})]}),p&&!h&&a(u,{message:p,retry:m}),!p&&!h&&a(s,{count:6}),h&&_.length>0&&a(i,{children:[a(`ul`,{class:`notifications`,children:_.map(e=>a(Me,{notification:e,done:m},e.id))}),a(D,{shown:_.length,total:{count:h.totalCount,isExact:h.totalCountIsExact},pageInfo:h.pageInfo,isFirst:n===null,go:c})]}),h&&_.length===0&&a(o,{title:l?`Nothing is waiting for you`:`There are no notifications`})]})}function je({upTo:e,done:t}){let{send:n,isBusy:r,problems:o}=C(ke),s=async()=>{let r=await n({upTo:e});r&&p(`${_(r.acknowledgeNotifications.count??0)} acknowledged.`),t()};return a(i,{children:[o.general&&a(`span`,{class:`problem`,children:o.general}),a(`button`,{type:`button`,disabled:r,onClick:()=>void s(),children:`Acknowledge all`})]})}function Me({notification:e,done:t}){let{id:n,subject:r,text:i,at:o,acknowledgedAt:s,task:c,run:l,workflowRun:u,incident:d}=e,[f,...p]=i.split(`
`);return a(`li`,{class:s===null?`open`:void 0,children:[a(`div`,{class:`text`,children:[a(`h2`,{children:r}),a(`p`,{class:`faint`,children:f}),a(`p`,{class:`links`,children:[a(`span`,{class:`faint`,children:a(b,{at:o})}),l&&a(h,{href:`/runs/${l.id}`,children:`Run`}),c&&a(h,{href:`/tasks/${c.id}`,children:c.name}),u&&a(h,{href:`/workflow-runs/${u.id}`,children:`Workflow run`}),d&&a(h,{href:`/incidents/${d.id}`,children:`Incident`})]}),a(`div`,{class:`more`,children:[p.length>0&&a(`details`,{children:[a(`summary`,{children:`Details`}),a(`p`,{children:p.join(`
`)})]}),a(U,{id:n})]})]}),s===null?a(Ne,{notifications:[e],label:`Acknowledge`,done:t}):a(`span`,{class:`faint`,children:[`acknowledged `,a(b,{at:s})]})]})}function Ne({notifications:e,label:t,done:n}){let{run:r,isBusy:o,problem:s}=E(Oe,{ids:e.map(({id:e})=>e)});return a(i,{children:[a(`span`,{class:`problem`,role:`alert`,children:s}),a(`button`,{type:`button`,disabled:o,onClick:()=>void r().then(n),children:t})]})}var G=[`MONDAY`,`TUESDAY`,`WEDNESDAY`,`THURSDAY`,`FRIDAY`,`SATURDAY`,`SUNDAY`],Pe={from:`22:00`,to:`07:00`,days:[...G],exceptKinds:[],exceptChannelIds:[]};function Fe({hours:e,channels:t,change:n}){return a(i,{children:[a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:e!==null,onChange:()=>n(e===null?Pe:null)}),`Quiet hours: what would be sent waits until they end`]}),e&&a(i,{children:[a(`div`,{class:`row`,children:[a(K,{name:`from`,label:`From`,hours:e,change:n}),a(K,{name:`to`,label:`To`,hours:e,change:n})]}),a(q,{name:`quietHours.days`,label:`Beginning on`,items:G.map(e=>({value:e,name:y(e).slice(0,3)})),chosen:e.days,change:t=>n({...e,days:t})}),a(q,{name:`quietHours.exceptKinds`,label:`Sent nevertheless`,items:M.filter(e=>j[e].group!==`Account`).map(e=>({value:e,name:j[e].name})),chosen:e.exceptKinds,change:t=>n({...e,exceptKinds:t})}),t.length>0&&a(q,{name:`quietHours.exceptChannelIds`,label:`Channels that stay awake`,items:t.map(({id:e,name:t})=>({value:e,name:t})),chosen:e.exceptChannelIds,change:t=>n({...e,exceptChannelIds:t})})]})]})}function K({name:e,label:t,hours:n,change:r}){return a(T,{name:`quietHours.${e}`,label:t,children:t=>a(`input`,{...t,type:`time`,required:!0,value:n[e],onInput:t=>r({...n,[e]:t.currentTarget.value})})})}function q({name:e,label:t,items:n,chosen:r,change:i}){let o=e=>i(n.map(e=>e.value).filter(t=>t===e?!r.includes(e):r.includes(t)));return a(T,{name:e,label:t,children:e=>a(`div`,{class:`chips`,id:e.id,role:`group`,"aria-label":t,children:n.map(e=>a(`button`,{type:`button`,"aria-pressed":r.includes(e.value),onClick:()=>o(e.value),children:e.name},e.value))})})}var Ie=x(`
  query NotificationPreferences {
    notificationPreferences {
      mailKinds
      failures
      timeZone
      quietHours {
        from
        to
        days
        exceptKinds
        exceptChannelIds
      }
      digest {
        frequency
        hour
        exceptKinds
      }
      reminderEvery
    }
    notificationChannels {
      id
      name
    }
  }
`),Le=x(`
  mutation UpdateNotificationPreferences($input: UpdateNotificationPreferencesInput!) {
    updateNotificationPreferences(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`),Re=[{value:`IMMEDIATELY`,name:`one mail each, at once`},{value:`HOURLY`,name:`one mail an hour`},{value:`DAILY`,name:`one mail a day`}],J=[{value:``,name:`never`},{value:`PT1H`,name:`every hour`},{value:`PT4H`,name:`every 4 hours`},{value:`P1D`,name:`every day`},{value:`P7D`,name:`every week`}];function ze(){let{data:e,error:n,reread:r}=g(Ie,{},{concerns:t});return n&&!e?a(u,{message:n,retry:r}):e?a(Be,{stored:e.notificationPreferences,channels:e.notificationChannels}):a(s,{count:8})}function Be({stored:e,channels:t}){let[i,o]=r(e),[s,c]=r(e);ee(JSON.stringify(i)!==JSON.stringify(s),`Your changes of the preferences are lost then.`);let{send:l,isBusy:u,problems:d}=C(Le),f=e=>o({...i,...e});return a(w,{problems:d,submit:async()=>{await l({input:We(i)})&&(c(i),p(`Your preferences are saved.`))},children:[a(`fieldset`,{children:[a(`legend`,{children:`Mails`}),a(T,{name:`mailKinds`,label:`You are mailed about`,children:e=>a(`div`,{id:e.id,children:a(P,{label:`Kinds of mails`,isForMail:!0,chosen:i.mailKinds,change:e=>f({mailKinds:e})})})}),a(Ve,{fields:i,set:f})]}),a(`fieldset`,{children:[a(`legend`,{children:`When`}),a(`div`,{class:`row`,children:a(Ue,{fields:i,set:f})}),a(T,{name:`timeZone`,label:`Time zone of digests and quiet hours`,children:e=>a(n,{...e,value:i.timeZone,change:e=>f({timeZone:e})})}),a(Fe,{hours:i.quietHours,channels:t,change:e=>f({quietHours:e})})]}),a(`div`,{class:`buttons`,children:a(`button`,{class:`main`,disabled:u,children:`Save preferences`})})]})}function Ve({fields:e,set:t}){return a(`div`,{class:`row`,children:[a(T,{name:`failures`,label:`Failures of tasks`,children:n=>a(`select`,{...n,value:e.failures,onChange:e=>t({failures:e.currentTarget.value}),children:[a(`option`,{value:`FIRST_AND_LAST`,children:`the first and the last`}),a(`option`,{value:`EVERY_ATTEMPT`,children:`every attempt`})]})}),a(T,{name:`reminderEvery`,label:`Reminders of incidents that last`,children:n=>a(`select`,{...n,value:e.reminderEvery??``,onChange:e=>t({reminderEvery:e.currentTarget.value||null}),children:[...J,...He(e.reminderEvery)].map(({value:e,name:t})=>a(`option`,{value:e,children:t},e))})})]})}function He(e){return e===null||J.some(t=>t.value===e)?[]:[{value:e,name:e}]}function Ue({fields:e,set:t}){let{digest:n}=e;return a(i,{children:[a(T,{name:`digest.frequency`,label:`Mails come as`,children:e=>a(`select`,{...e,value:n.frequency,onChange:e=>t({digest:{...n,frequency:e.currentTarget.value}}),children:Re.map(({value:e,name:t})=>a(`option`,{value:e,children:t},e))})}),n.frequency===`DAILY`&&a(T,{name:`digest.hour`,label:`At`,children:e=>a(`select`,{...e,value:n.hour,onChange:e=>t({digest:{...n,hour:Number(e.currentTarget.value)}}),children:Array.from({length:24},(e,t)=>a(`option`,{value:t,children:[String(t).padStart(2,`0`),`:00`]},t))})})]})}function We({mailKinds:e,failures:t,timeZone:n,quietHours:r,digest:i,reminderEvery:a}){return{mailKinds:[...e],failures:t,timeZone:n,quietHours:r&&{from:r.from,to:r.to,days:[...r.days],exceptKinds:[...r.exceptKinds],exceptChannelIds:[...r.exceptChannelIds]},digest:{frequency:i.frequency,hour:i.hour,exceptKinds:[...i.exceptKinds]},reminderEvery:a}}var Ge=x(`
  fragment Rule on NotificationRule {
    subjectId
    isMuted
    isMailed
    kinds
    failures
    channelIds
    task {
      id
      name
    }
    workflow {
      id
      name
    }
  }
`),Y=x(`
  mutation UpdateNotificationRule($input: UpdateNotificationRuleInput!) {
    updateNotificationRule(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`),Ke={isMuted:!1,isMailed:!0,kinds:null,failures:null,channelIds:null};function X(e,{isMuted:t,isMailed:n,kinds:r,failures:i,channelIds:a}){return{subjectId:e,isMuted:t,isMailed:n,failures:i,kinds:r&&[...r],channelIds:a&&[...a]}}function qe({subject:e,rule:t,channels:n,close:i}){let[o,s]=r(t??Ke),{send:c,isBusy:l,problems:u}=C(Y),d=e=>s({...o,...e});return a(m,{title:e.name,close:i,children:a(w,{problems:u,submit:async()=>{await c({input:X(e.id,o)})&&(p(`The rule of ${e.name} is saved.`),i())},children:[a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:o.isMuted,onChange:()=>d({isMuted:!o.isMuted})}),a(`span`,{children:[`Mute `,a(`span`,{class:`faint`,children:`it is still listed in the inbox`})]})]}),!o.isMuted&&a(Je,{fields:o,set:d,channels:n}),a(`div`,{class:`buttons`,children:[a(`button`,{class:`main`,disabled:l,children:`Save rule`}),a(`button`,{type:`button`,onClick:i,children:`Cancel`})]})]})})}function Je({fields:e,set:t,channels:n}){let{isMailed:r,kinds:o,failures:s,channelIds:c}=e;return a(i,{children:[a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:r,onChange:()=>t({isMailed:!r})}),`Mail me`]}),a(T,{name:`failures`,label:`Failures (of tasks)`,children:e=>a(`select`,{...e,value:s??``,onChange:e=>t({failures:e.currentTarget.value||null}),children:[a(`option`,{value:``,children:`as in your preferences`}),a(`option`,{value:`FIRST_AND_LAST`,children:`the first and the last`}),a(`option`,{value:`EVERY_ATTEMPT`,children:`every attempt`})]})}),a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:o===null,onChange:()=>t({kinds:o===null?[...N]:null})}),`All kinds of notifications`]}),o!==null&&a(P,{label:`Kinds of notifications`,chosen:o,change:e=>t({kinds:e})}),n.length>0&&a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:c===null,onChange:()=>t({channelIds:c===null?[]:null})}),`All channels`]}),c!==null&&a(q,{name:`channelIds`,label:`Only these channels`,items:n.map(({id:e,name:t})=>({value:e,name:t})),chosen:c,change:e=>t({channelIds:e})})]})}var Z=8,Ye=x(`
  query Subjects($tasks: TaskFilter, $first: Int!) {
    tasks(filter: $tasks, first: $first) {
      nodes {
        id
        name
      }
    }
    workflows(first: 50) {
      nodes {
        id
        name
      }
    }
  }
`);function Q({choose:e,close:n}){let[i,o]=r(``),{data:s}=g(Ye,{tasks:i?{name:i}:{},first:Z},{concerns:t}),c=s?.workflows.nodes.filter(e=>e.name.toLowerCase().includes(i.toLowerCase()))??[],l=s?.tasks.nodes??[];return a(m,{title:`A rule for which task or workflow?`,close:n,children:[a(te,{label:`Search by name`,value:``,change:o}),a($,{title:`Tasks`,subjects:l,choose:e}),a($,{title:`Workflows`,subjects:c.slice(0,Z),choose:e}),s&&l.length+c.length===0&&a(`p`,{class:`faint`,children:`None has this name.`})]})}function $({title:e,subjects:t,choose:n}){return t.length===0?null:a(`div`,{children:[a(`h3`,{children:e}),a(`ul`,{class:`kind-choice`,children:t.map(e=>a(`li`,{children:a(`button`,{type:`button`,onClick:()=>n(e),children:e.name})},e.id))})]})}var Xe=50,Ze=x(`
    query NotificationRules($first: Int!, $after: String) {
      notificationRules(first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...Rule
        }
      }
      notificationChannels {
        id
        name
      }
    }
  `,[Ge]),Qe=x(`
  mutation DeleteNotificationRule($subjectId: ID!) {
    deleteNotificationRule(input: { subjectId: $subjectId }) {
      userErrors {
        message
      }
    }
  }
`);function $e(){let[e,n]=r(null),[c,l]=r(!1),[d,f]=r(null),{data:p,error:m,reread:h}=g(Ze,{first:Xe,after:e},{concerns:t});if(m&&!p)return a(u,{message:m,retry:h});if(!p)return a(s,{count:4});let{notificationRules:_,notificationChannels:v}=p,y=e=>{l(!1),f({subject:e,rule:_.nodes.find(({subjectId:t})=>t===e.id)??null})},b=()=>{f(null),h()},x=a(`button`,{type:`button`,class:`main`,onClick:()=>l(!0),children:`Add a rule`});return a(i,{children:[_.nodes.length>0&&a(i,{children:[a(`div`,{class:`toolbar`,children:[a(`p`,{class:`faint`,children:`For single tasks and workflows, where they differ from your preferences.`}),x]}),a(et,{rules:_.nodes,channels:v,edit:f,done:h}),a(D,{shown:_.nodes.length,total:{count:_.totalCount,isExact:_.totalCountIsExact},pageInfo:_.pageInfo,isFirst:e===null,go:n})]}),_.nodes.length===0&&a(o,{title:`Your preferences apply to all tasks and workflows`,children:[a(`p`,{children:`A rule mutes one of them, or tells of it elsewhere.`}),x]}),c&&a(Q,{choose:y,close:()=>l(!1)}),d&&a(qe,{subject:d.subject,rule:d.rule,channels:v,close:b})]})}function et({rules:e,channels:t,edit:n,done:r}){return a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Task or workflow`}),a(`th`,{children:`What you are told`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>a(`tr`,{children:[a(`td`,{class:`name`,children:a(tt,{rule:e})}),a(`td`,{class:`action`,children:nt(e,t)}),a(`td`,{class:`number`,children:a(rt,{rule:e,edit:n,done:r})})]},e.subjectId))})]})})}function tt({rule:{task:e,workflow:t}}){return e?a(h,{href:`/tasks/${e.id}`,children:e.name}):t?a(h,{href:`/workflows`,children:t.name}):a(`span`,{class:`faint`,children:`deleted`})}function nt({isMuted:e,isMailed:t,kinds:n,failures:r,channelIds:i},a){if(e)return`Nothing: it is muted`;let o=i?.map(e=>a.find(t=>t.id===e)?.name).filter(Boolean),s=[t?null:`no mails`,o&&(o.length>0?`only the channels ${o.join(`, `)}`:`no channels`),n&&`only ${n.map(e=>j[e].name.toLowerCase()).join(`, `)}`,r&&`failures: ${y(r).toLowerCase()}`].filter(Boolean);return s.length>0?s.join(`; `).replace(/^./,e=>e.toUpperCase()):`As in your preferences`}function rt({rule:e,edit:t,done:n}){let{send:r,isBusy:i}=C(Qe),o=C(Y),s=e.task?.name??e.workflow?.name??`deleted`,c=async()=>{if(!await f({title:`Delete this rule?`,text:`Your preferences apply to ${s} then.`,action:`Delete`}))return;let t=await r({subjectId:e.subjectId});n(),t&&p(`The rule of ${s} is deleted.`,{undo:()=>o.send({input:X(e.subjectId,e)}).then(n)})};return a(`span`,{class:`buttons`,children:[a(`button`,{type:`button`,onClick:()=>t({subject:{id:e.subjectId,name:s},rule:e}),children:`Edit`}),a(`button`,{type:`button`,disabled:i,onClick:()=>void c(),children:`Delete`})]})}var it=[{part:``,name:`Inbox`,show:()=>a(Ae,{})},{part:`channels`,name:`Channels`,show:()=>a(Ce,{})},{part:`preferences`,name:`Preferences`,show:()=>a(ze,{})},{part:`rules`,name:`Rules`,show:()=>a($e,{})}];function at({part:t}){return a(e,{title:`Notifications`,label:`Parts of notifications`,path:`/notifications`,parts:it,part:t})}export{at as NotificationsPage};