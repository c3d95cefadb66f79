/*! Licenses of the bundled packages: /assets/licences.md */
import{Z as e,_ as t,a as n,i as r,r as i,s as a,t as o,v as s}from"./time-BRH1184B.js";import{s as c}from"./client-Dls7rBOr.js";import{H as l,J as u,U as d,V as f,n as p,t as m}from"./index-Hs8ExkQT.js";import{a as h,n as g,t as _}from"./form-CE7OeyD2.js";import{n as v}from"./account-profile-DsdsPZX6.js";/* empty css              */import{Forbidden as y,n as b,t as x}from"./admin-CsXNM-ui.js";import{o as S,p as C,t as w}from"./jsxRuntime.module-CnYUX-XB.js";var T=s(`
  mutation SetUserQuota($id: ID!, $quota: Quota!, $limit: Int) {
    setUserQuota(input: { id: $id, quota: $quota, limit: $limit }) {
      userErrors {
        field
        message
      }
    }
  }
`);function E({user:e,usage:t,done:n}){let[r,i]=S(null);return w(`div`,{class:`table-frame`,children:[w(`table`,{children:[w(`thead`,{children:w(`tr`,{children:[w(`th`,{children:`Quota`}),w(`th`,{class:`number`,children:`Used`}),w(`th`,{class:`number`,children:`Limit`}),w(`th`,{children:w(`span`,{class:`hidden`,children:`Actions`})})]})}),w(`tbody`,{children:t.map(e=>w(`tr`,{children:[w(`td`,{class:`name`,children:a(e.quota)}),w(`td`,{class:`number`,children:D(e.used,e)}),w(`td`,{class:`number`,children:e.limit===null?w(`span`,{class:`faint`,children:`no limit`}):D(e.limit,e)}),w(`td`,{class:`number`,children:w(`button`,{type:`button`,"aria-label":`Change the limit of ${a(e.quota)}`,onClick:()=>i(e),children:`Change`})})]},e.quota))})]}),r&&w(O,{user:e,usage:r,close:()=>{i(null),n()}})]})}function D(e,{unit:t}){return t===`MEGABYTES`?`${n(e)} MB`:n(e)}function O({user:e,usage:t,close:n}){let[r,i]=S(String(t.limit??0)),{send:o,isBusy:s,problems:c}=h(T),l=async r=>{await o({id:e,quota:t.quota,limit:r})&&(u(`The limit of ${a(t.quota)} is changed.`),n())},d=t.unit===`MEGABYTES`?` in megabytes`:``;return w(m,{title:`Limit: ${a(t.quota)}`,close:n,children:w(g,{problems:c,submit:()=>l(Number(r)),children:[w(_,{name:`limit`,label:`Limit${d}`,hint:`0 for no limit`,children:e=>w(`input`,{...e,type:`number`,min:0,required:!0,value:r,onInput:e=>i(e.currentTarget.value)})}),w(`div`,{class:`buttons`,children:[w(`button`,{class:`main`,disabled:s,children:`Save`}),w(`button`,{type:`button`,disabled:s,onClick:()=>void l(null),children:`Use the default`})]})]})})}var k=s(`
    query User($id: ID!) {
      node(id: $id) {
        id
        ... on User {
          ...UserRow
          usage {
            quota
            used
            limit
            unit
          }
        }
      }
    }
  `,[x]),A=s(`mutation ActivateUser($id: ID!) { activateUser(input: { id: $id }) { userErrors { message } } }`),j=s(`mutation DeactivateUser($id: ID!) { deactivateUser(input: { id: $id }) { userErrors { message } } }`),M=s(`mutation LogOutUser($id: ID!) { logOutUser(input: { id: $id }) { endedSessionCount userErrors { message } } }`),N=s(`
  mutation SetRole($id: ID!, $isAdmin: Boolean!) {
    updateUser(input: { id: $id, isAdmin: $isAdmin }) {
      userErrors {
        message
      }
    }
  }
`);function P({id:e}){return c.value?.isAdmin?w(F,{id:e}):w(y,{})}function F({id:n}){let{data:a,error:s,reread:c}=t(k,{id:n},{concerns:v}),u=a?.node&&`email`in a.node?a.node:null;return s&&!a?w(l,{message:s,retry:c}):a?u?w(i,{title:u.email,above:w(e,{href:`/admin`,children:`Users`}),actions:w(I,{user:u,done:c}),children:[w(`dl`,{class:`settings`,children:[w(`div`,{children:[w(`dt`,{children:`State`}),w(`dd`,{children:w(b,{user:u})})]}),w(`div`,{children:[w(`dt`,{children:`Role`}),w(`dd`,{children:u.isAdmin?`Administrator`:`User`})]}),w(`div`,{children:[w(`dt`,{children:`Account since`}),w(`dd`,{children:w(o,{at:u.createdAt})})]}),w(`div`,{children:[w(`dt`,{children:`Audit log`}),w(`dd`,{children:w(e,{href:`/admin/audit-log?email=${encodeURIComponent(u.email)}`,children:`Entries about this account`})})]})]}),w(r,{title:`Usage and limits`,children:w(E,{user:u.id,usage:u.usage??[],done:c})})]}):w(f,{title:`There is no such user`}):w(d,{count:8})}function I({user:e,done:t}){let n=h(A),r=h(j),i=h(M),a=h(N),{id:o,email:s,isAdmin:l,isActive:d}=e;if(o===c.value?.id)return w(`span`,{class:`faint`,children:`This is you. Another administrator can change your account.`});let f=[n,r,i,a],m=f.some(e=>e.isBusy),g=async()=>{if(!await p({title:`End all sessions of ${s}?`,text:`They have to sign in again. API tokens and tasks are not touched.`,action:`End sessions`}))return;let e=await i.send({id:o});e&&u(`${e.logOutUser.endedSessionCount??0} sessions of ${s} have ended.`)},_=async()=>{let e=l?{title:`Make ${s} a regular user?`,text:`Invitations that they have sent end.`,action:`Revoke`}:{title:`Make ${s} an administrator?`,text:`They can manage users, queues and quotas, and end your rights.`,action:`Grant`};await p({...e,isDestructive:l})&&await a.send({id:o,isAdmin:!l})&&t()},v=async()=>{await p({title:`Deactivate ${s}?`,text:`Their sessions and API tokens end, their tasks are paused, and their workflow runs are cancelled.`,action:`Deactivate`})&&(await r.send({id:o})&&u(`${s} is deactivated.`,{undo:()=>n.send({id:o}).then(t)}),t())},y=f.map(({problems:e})=>e.general).join(` `);return w(C,{children:[w(`span`,{class:`problem`,role:`alert`,children:y}),w(`button`,{type:`button`,disabled:m,onClick:()=>void _(),children:l?`Revoke administrator`:`Make administrator`}),d&&w(`button`,{type:`button`,disabled:m,onClick:()=>void g(),children:`End sessions`}),d?w(`button`,{type:`button`,class:`destructive`,disabled:m,onClick:()=>void v(),children:`Deactivate`}):w(`button`,{type:`button`,class:`main`,disabled:m,onClick:()=>void n.send({id:o}).then(t),children:`Activate`})]})}export{P as AdminUserPage};