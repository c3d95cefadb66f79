/*! Licenses of the bundled packages: /assets/licences.md */
import{i as e,n as t,t as n}from"./account-profile-CJoWvMrh.js";import{o as r,p as i,t as a}from"./jsxRuntime.module-CnYUX-XB.js";import{a as o,c as s}from"./client-CODAN19X.js";import{_ as c,i as l,n as u,s as d,t as f,v as p}from"./time-CLl4T1nq.js";import{B as m,G as h,R as g,n as _,z as v}from"./index-Bn3Tr9Za.js";import{a as y,n as b,t as x}from"./form-Cz-rZUfQ.js";import{t as S}from"./browsers-DOjV3yb6.js";import{n as C}from"./secret-onqZCHaQ.js";var w=p(`
  mutation AcceptRequestsFrom($email: String!) {
    acceptRequestsFrom(input: { email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`),T=p(`
  mutation RefuseRequestsFrom($email: String!) {
    refuseRequestsFrom(input: { email: $email }) {
      userErrors {
        message
      }
    }
  }
`);function ee({emails:e,done:t}){let[n,i]=r(``),{send:o,isBusy:s,problems:c}=y(w);return a(`div`,{class:`panel`,children:[a(`p`,{class:`faint`,children:`Workflows of these users may ask you for decisions by mail. Your own always may.`}),e.length>0&&a(`ul`,{class:`plain-list`,children:e.map(e=>a(te,{email:e,done:t},e))}),a(b,{problems:c,submit:async()=>{await o({email:n})&&(i(``),t())},children:[a(x,{name:`email`,label:`Accept requests from`,children:e=>a(`input`,{...e,type:`email`,required:!0,placeholder:`colleague@example.com`,value:n,onInput:e=>i(e.currentTarget.value)})}),a(`div`,{class:`buttons`,children:a(`button`,{disabled:s,children:`Accept`})})]})]})}function te({email:e,done:t}){let{send:n,isBusy:r}=y(T),i=y(w),o=async()=>{let r=await n({email:e});t(),r&&h(`${e} may not ask you for decisions any more.`,{undo:()=>i.send({email:e}).then(t)})};return a(`li`,{children:[a(`span`,{children:e}),a(`button`,{type:`button`,class:`quiet`,disabled:r,onClick:()=>void o(),children:`Remove`})]})}var E=p(`
  query MailAddresses {
    mailAddresses {
      purpose
      email
      confirmedAt
      requestedEmail
      requestedAt
      bouncedAt
      lastError
      unsubscribedAt
    }
    viewer {
      acceptsRequestsFrom
    }
  }
`),D=p(`
  mutation RequestMailAddress($purpose: MailPurpose!, $email: String!) {
    requestMailAddress(input: { purpose: $purpose, email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`),O=p(`
  mutation RemoveMailAddress($purpose: MailPurpose!) {
    removeMailAddress(input: { purpose: $purpose }) {
      userErrors {
        message
      }
    }
  }
`),k=[{purpose:`ALERTS`,text:`failures, incidents and reminders of them`},{purpose:`APPROVALS`,text:`decisions that workflows wait for`},{purpose:`REPORTS`,text:`reports that are ready`}];function A(){let{data:e,error:n,reread:r}=c(E,{},{concerns:t});return n&&!e?a(v,{message:n,retry:r}):e?a(i,{children:[a(`p`,{class:`lead`,children:[`Mails go to `,s.value,`. Some can go to another address, such as that of a team, once its reader has agreed by a link.`]}),k.map(({purpose:t,text:n})=>a(j,{purpose:t,text:n,address:e.mailAddresses.find(e=>e.purpose===t),done:r},t)),a(l,{title:`Approval requests`,children:a(ee,{emails:e.viewer.acceptsRequestsFrom??[],done:r})})]}):a(m,{count:4})}function j({purpose:e,text:t,address:n,done:i}){let[o,s]=r(!1),c=!!(n?.email??n?.requestedEmail);return a(`section`,{class:`panel mail-address`,"aria-label":d(e),children:[a(`div`,{class:`heading`,children:[a(`h2`,{children:[d(e),` `,a(`span`,{class:`faint`,children:t})]}),!o&&a(`span`,{class:`buttons`,children:[a(`button`,{type:`button`,onClick:()=>s(!0),children:c?`Change`:`Use another address`}),c&&a(P,{purpose:e,done:i})]})]}),a(M,{address:n}),o&&a(N,{purpose:e,close:()=>{s(!1),i()}})]})}function M({address:e}){return a(i,{children:[a(`p`,{children:[`to `,a(`strong`,{children:e?.email??s.value}),!e?.email&&a(`span`,{class:`faint`,children:` · the address of your account`})]}),e?.requestedEmail&&e.requestedAt&&a(`p`,{class:`faint`,children:[e.requestedEmail,` was asked `,a(f,{at:e.requestedAt}),`, and has not agreed yet.`]}),e?.bouncedAt&&a(`p`,{class:`bad-text`,children:[`It was refused `,a(f,{at:e.bouncedAt}),`: `,e.lastError,`. Until tomorrow such mails come to you.`]}),e?.unsubscribedAt&&a(`p`,{class:`faint`,children:[`Its reader has ended these mails `,a(f,{at:e.unsubscribedAt}),`.`]})]})}function N({purpose:e,close:t}){let[n,i]=r(``),{send:o,isBusy:s,problems:c}=y(D);return a(b,{problems:c,submit:async()=>{await o({purpose:e,email:n})&&(h(`A link is on its way to ${n}.`),t())},children:[a(x,{name:`email`,label:`Email address`,hint:`A link is mailed there. Mails go there when it has been opened.`,children:e=>a(`input`,{...e,type:`email`,required:!0,autofocus:!0,value:n,onInput:e=>i(e.currentTarget.value)})}),a(`div`,{class:`buttons`,children:[a(`button`,{class:`main`,disabled:s,children:`Send the link`}),a(`button`,{type:`button`,onClick:t,children:`Cancel`})]})]})}function P({purpose:e,done:t}){let{send:n,isBusy:r}=y(O),i=async()=>{await _({title:`Remove the address?`,text:`These mails go to the address of your account again. Its reader would have to agree once more.`,action:`Remove`})&&(await n({purpose:e}),t())};return a(`button`,{type:`button`,disabled:r,onClick:()=>void i(),children:`Remove`})}var F=p(`
  mutation SetSecret($name: String!, $value: String, $allowedHosts: [String!]) {
    setSecret(input: { name: $name, value: $value, allowedHosts: $allowedHosts }) {
      secret {
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);function I({secret:e,saved:t,cancel:n}){let[i,o]=r(e?.name??``),[s,c]=r(``),[l,u]=r(e?.allowedHosts.join(`
`)??``),{send:d,isBusy:f,problems:p}=y(F),m=e?`${e.name}.`:``;return a(b,{problems:L(p,m),submit:async()=>{let n=l.split(/[\s,]+/).filter(Boolean),r=await d({name:i,value:s===``?null:s,allowedHosts:n});r?.setSecret.secret&&(h(`${r.setSecret.secret.name} is saved.`),e||(o(``),u(``)),c(``),t())},class:e?`form`:`form panel`,children:[e&&a(`h3`,{class:`mono`,children:e.name}),a(`div`,{class:e?void 0:`row`,children:[!e&&a(x,{name:`name`,label:`Name`,hint:`Letters, digits and underscores. Case is ignored`,children:e=>a(`input`,{...e,class:`mono`,required:!0,maxlength:64,autocomplete:`off`,spellcheck:!1,value:i,onInput:e=>o(e.currentTarget.value)})}),a(x,{name:`${m}value`,label:e?`New value`:`Value`,hint:e?`Empty keeps the stored one, unless a host is new`:`Such as a token, or the whole address of a webhook`,children:t=>a(`textarea`,{...t,class:`mono concealed`,rows:1,required:!e,autocomplete:`off`,spellcheck:!1,value:s,onInput:e=>c(e.currentTarget.value)})})]}),a(x,{name:`${m}allowedHosts`,label:`Allowed hosts`,hint:`One a line, such as hooks.slack.com, or *.example.com for all names below it`,children:e=>a(`textarea`,{...e,class:`mono`,rows:Math.max(2,l.split(`
`).length),required:!0,spellcheck:!1,value:l,onInput:e=>u(e.currentTarget.value)})}),a(`div`,{class:`buttons`,children:[n&&a(`button`,{type:`button`,onClick:n,children:`Cancel`}),a(`button`,{class:`main`,disabled:f,children:e?`Save`:`Create secret`})]})]})}function L({fields:e,general:t},n){let r=new Map;for(let[t,i]of e){let e=`${n}${t.replace(/^(allowedHosts)\.\d+$/,`$1`)}`;r.set(e,[r.get(e),i].filter(Boolean).join(` `))}return{fields:r,general:t}}var R=p(`
  query Secrets {
    secrets {
      id
      name
      allowedHosts
      updatedAt
      valueSetAt
    }
  }
`),z=p(`mutation DeleteSecret($name: String!) { deleteSecret(input: { name: $name }) { userErrors { message } } }`);function B(){let{data:e,error:n,reread:o}=c(R,{},{concerns:t}),[s,u]=r(null),d=()=>{u(null),o()};return a(i,{children:[a(`p`,{class:`lead`,children:[`Requests of tasks and workflows use a secret as `,a(`code`,{children:"${{ secrets.name }}"}),`: in the URL or as the whole of it, in headers, in the token and in the body. It goes to the allowed hosts only, and is never shown again: not here, and not in runs.`]}),n&&!e&&a(v,{message:n,retry:o}),!n&&!e&&a(m,{count:3}),e?.secrets.length===0&&a(g,{title:`You have no secrets`,children:`Keep tokens, passwords and webhook addresses here, rather than in each task.`}),e&&e.secrets.length>0&&a(V,{secrets:e.secrets,edited:s,edit:u,saved:d}),a(l,{title:`New secret`,children:a(I,{saved:d})})]})}function V({secrets:e,edited:t,edit:n,saved:r}){return a(`div`,{class:`table-frame`,children:a(`table`,{class:`secrets`,children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Name`}),a(`th`,{children:`Allowed hosts`}),a(`th`,{class:`spare`,children:`Value set`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>t===e.id?a(`tr`,{children:a(`td`,{colSpan:4,class:`edited`,children:a(I,{secret:e,saved:r,cancel:()=>n(null)})})},e.id):a(H,{secret:e,edit:()=>n(e.id),done:r},e.id))})]})})}function H({secret:e,edit:t,done:n}){let{name:r,allowedHosts:i,valueSetAt:o}=e,{send:s,isBusy:c}=y(z),l=async()=>{let e=`Runs of tasks and workflows that use ${r} fail from then on. It cannot be restored.`;await _({title:`Delete this secret?`,text:e,action:`Delete`})&&(await s({name:r})&&h(`${r} is deleted.`),n())};return a(`tr`,{children:[a(`td`,{class:`name`,children:a(`code`,{children:r})}),a(`td`,{class:`hosts`,children:i.join(`, `)}),a(`td`,{class:`nowrap spare`,children:a(f,{at:o})}),a(`td`,{class:`number`,children:a(`span`,{class:`buttons`,children:[a(`button`,{type:`button`,"aria-label":`Change ${r}`,onClick:t,children:`Change`}),a(`button`,{type:`button`,"aria-label":`Delete ${r}`,disabled:c,onClick:()=>void l(),children:`Delete`})]})})]})}var U=p(`
  query Sessions {
    sessions {
      id
      address
      userAgent
      createdAt
      lastRefreshedAt
      isCurrent
    }
  }
`),W=p(`mutation RevokeSession($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }`),G=p(`mutation RevokeOtherSessions { revokeOtherSessions { revokedCount userErrors { message } } }`),ne=p(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(input: { currentPassword: $currentPassword, newPassword: $newPassword }) {
      userErrors {
        field
        message
      }
    }
  }
`),K={currentPassword:``,newPassword:``};function q(){let{data:e,error:n,reread:r}=c(U,{},{concerns:t}),o=e?.sessions.filter(({isCurrent:e})=>!e)??[];return a(i,{children:[a(l,{title:`Password`,children:a(J,{done:r})}),a(l,{title:`Sessions`,aside:o.length>0&&a(Y,{count:o.length,done:r}),children:[n&&!e&&a(v,{message:n,retry:r}),!n&&!e&&a(m,{count:3}),e&&a(X,{sessions:e.sessions,done:r})]})]})}function J({done:e}){let[t,n]=r(K),{send:i,isBusy:o,problems:s}=y(ne),c=async()=>{await i(t)&&(n(K),h(`Your password is changed. Your other sessions have ended.`),e())},l=(e,r)=>i=>a(`input`,{...i,type:`password`,required:!0,autocomplete:r,value:t[e],onInput:r=>n({...t,[e]:r.currentTarget.value})});return a(b,{problems:s,submit:c,class:`form panel`,children:[a(`div`,{class:`row`,children:[a(x,{name:`currentPassword`,label:`Current password`,children:l(`currentPassword`,`current-password`)}),a(x,{name:`newPassword`,label:`New password`,hint:`10 to 128 characters. Common passwords are refused.`,children:l(`newPassword`,`new-password`)})]}),a(`div`,{class:`buttons`,children:[a(`button`,{class:`main`,disabled:o,children:`Change password`}),a(`span`,{class:`faint small`,children:`Your other sessions end. API tokens stay.`})]})]})}function Y({count:e,done:t}){let{send:n,isBusy:r,problems:o}=y(G),s=async()=>{let r=`${e===1?`One other session ends`:`${e} other sessions end`} at once, with their open pages.`;if(!await _({title:`End all other sessions?`,text:r,action:`End them`}))return;let i=await n({});i&&h(`${i.revokeOtherSessions.revokedCount??0} sessions have ended.`),t()};return a(i,{children:[o.general&&a(`span`,{class:`problem`,children:[o.general,` `]}),a(`button`,{type:`button`,disabled:r,onClick:()=>void s(),children:`End all others`})]})}function X({sessions:e,done:t}){return a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Browser or program`}),a(`th`,{class:`spare`,children:`Signed in`}),a(`th`,{children:`Last renewed`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>a(Z,{session:e,done:t},e.id))})]})})}function Z({session:e,done:t}){let{id:n,address:r,userAgent:i,createdAt:o,lastRefreshedAt:s,isCurrent:c}=e,{send:l,isBusy:u}=y(W),d=async()=>{let e=`${S(i)} at ${r} is signed out at once.`;await _({title:`End this session?`,text:e,action:`End session`})&&(await l({id:n}),t())};return a(`tr`,{children:[a(`td`,{class:`name`,title:i,children:[S(i),a(`p`,{class:`faint small`,children:r})]}),a(`td`,{class:`nowrap spare`,children:a(f,{at:o})}),a(`td`,{class:`nowrap`,children:a(f,{at:s})}),a(`td`,{class:`number`,children:c?a(`span`,{class:`tag`,children:`this one`}):a(`button`,{type:`button`,disabled:u,onClick:()=>void d(),children:`End`})})]})}var re=864e5,ie=p(`
  mutation CreateApiToken($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    createApiToken(input: { name: $name, scopes: $scopes, expiresAt: $expiresAt }) {
      token
      userErrors {
        field
        message
      }
    }
  }
`),ae=[{scope:`READ`,name:`Read`,text:`queries and subscriptions`},{scope:`WRITE`,name:`Write`,text:`create, change and run things`},{scope:`ADMIN`,name:`Administer`,text:`users, queues and the audit log, with read or write`}],oe=[{days:7,name:`7 days`},{days:30,name:`30 days`},{days:90,name:`90 days`},{days:365,name:`a year`},{days:0,name:`never`}],Q={name:``,scopes:[`READ`,`WRITE`],days:90};function $({created:e}){let[t,n]=r(Q),{send:i,isBusy:s,problems:c}=y(ie),l=ae.filter(({scope:e})=>e!==`ADMIN`||o.current()?.user.isAdmin),u=async()=>{let{name:r,scopes:a,days:o}=t,s=await i({name:r,scopes:a,expiresAt:o?new Date(Date.now()+o*re).toISOString():null});s?.createApiToken.token&&(n(Q),e(s.createApiToken.token))},d=e=>{let{scopes:r}=t;n({...t,scopes:r.includes(e)?r.filter(t=>t!==e):[...r,e]})};return a(b,{problems:c,submit:u,class:`form panel`,children:[a(`div`,{class:`row`,children:[a(x,{name:`name`,label:`Name`,hint:`What uses it, such as the backup script`,children:e=>a(`input`,{...e,required:!0,maxlength:100,autocomplete:`off`,value:t.name,onInput:e=>n({...t,name:e.currentTarget.value})})}),a(x,{name:`expiresAt`,label:`Expires after`,children:e=>a(`select`,{...e,value:t.days,onChange:e=>n({...t,days:Number(e.currentTarget.value)}),children:oe.map(({days:e,name:t})=>a(`option`,{value:e,children:t},e))})})]}),a(x,{name:`scopes`,label:`It may`,children:e=>a(`div`,{class:`choices`,id:e.id,role:`group`,"aria-label":`Scopes`,"aria-describedby":e[`aria-describedby`],children:l.map(({scope:e,name:n,text:r})=>a(`label`,{class:`check`,children:[a(`input`,{type:`checkbox`,checked:t.scopes.includes(e),onChange:()=>d(e)}),a(`span`,{children:[n,` `,a(`span`,{class:`faint`,children:r})]})]},e))})}),a(`div`,{class:`buttons`,children:a(`button`,{class:`main`,disabled:s,children:`Create token`})})]})}var se=p(`
  query ApiTokens {
    apiTokens {
      id
      name
      hint
      scopes
      createdAt
      expiresAt
      lastUsedAt
    }
  }
`),ce=p(`mutation RevokeApiToken($id: ID!) { revokeApiToken(input: { id: $id }) { userErrors { message } } }`);function le(){let{data:e,error:n,reread:o}=c(se,{},{concerns:t}),[s,u]=r(null);return a(i,{children:[a(`p`,{class:`lead`,children:[`Programs send a token as `,a(`code`,{children:`Authorization: Bearer …`}),`. You are mailed about each new one.`]}),s&&a(C,{label:`Your new token.`,value:s,close:()=>u(null)}),n&&!e&&a(v,{message:n,retry:o}),!n&&!e&&a(m,{count:3}),e?.apiTokens.length===0&&!s&&a(g,{title:`You have no API tokens`}),e&&e.apiTokens.length>0&&a(ue,{tokens:e.apiTokens,done:o}),a(l,{title:`New token`,children:a($,{created:e=>{u(e),o()}})})]})}function ue({tokens:e,done:t}){return a(`div`,{class:`table-frame`,children:a(`table`,{children:[a(`thead`,{children:a(`tr`,{children:[a(`th`,{children:`Name`}),a(`th`,{class:`spare`,children:`Created`}),a(`th`,{class:`spare`,children:`Last used`}),a(`th`,{children:`Expires`}),a(`th`,{children:a(`span`,{class:`hidden`,children:`Actions`})})]})}),a(`tbody`,{children:e.map(e=>a(de,{token:e,done:t},e.id))})]})})}function de({token:e,done:t}){let{id:n,name:r,hint:i,scopes:o,createdAt:s,expiresAt:c,lastUsedAt:l}=e,{send:u,isBusy:d}=y(ce),p=async()=>{let e=`Programs that use ${r} (…${i}) are refused at once.`;await _({title:`Revoke this token?`,text:e,action:`Revoke`})&&(await u({id:n})&&h(`${r} is revoked.`),t())};return a(`tr`,{children:[a(`td`,{class:`name`,children:[r,a(`p`,{class:`faint small`,children:[a(`code`,{children:[`…`,i]}),` · `,o.map(e=>e.toLowerCase()).join(`, `)]})]}),a(`td`,{class:`nowrap spare`,children:a(f,{at:s})}),a(`td`,{class:`nowrap spare`,children:l?a(f,{at:l}):a(`span`,{class:`faint`,children:`never`})}),a(`td`,{class:`nowrap`,children:c?a(fe,{at:c}):a(`span`,{class:`faint`,children:`never`})}),a(`td`,{class:`number`,children:a(`button`,{type:`button`,disabled:d,onClick:()=>void p(),children:`Revoke`})})]})}function fe({at:e}){return Date.parse(e)>u.value?a(f,{at:e}):a(`span`,{class:`bad-text`,children:[`expired `,a(f,{at:e})]})}var pe=[{part:``,name:`Profile`,show:()=>a(n,{})},{part:`security`,name:`Security`,show:()=>a(q,{})},{part:`tokens`,name:`API tokens`,show:()=>a(le,{})},{part:`secrets`,name:`Secrets`,show:()=>a(B,{})},{part:`mails`,name:`Mail addresses`,show:()=>a(A,{})}];function me({part:t}){return a(e,{title:`Account`,label:`Parts of the account`,path:`/account`,parts:pe,part:t})}export{me as AccountPage};