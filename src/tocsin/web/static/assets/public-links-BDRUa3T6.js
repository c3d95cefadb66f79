/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{_ as r,i,m as a,p as o,t as s,v as c}from"./time-CLl4T1nq.js";import{n as l}from"./definition-BRHBhdLB.js";import{G as u,n as d,t as f}from"./index-Bn3Tr9Za.js";import{a as p,n as m,t as h}from"./form-Cz-rZUfQ.js";import{n as g,t as _}from"./secret-onqZCHaQ.js";var v=c(`
  fragment PublicLink on PublicLink @_unmask {
    id
    kind
    title
    requestInput
    hint
    createdAt
    lastUsedAt
    url
    badgeUrl
  }
`),y=c(`
    query PublicLinks($subject: ID!) {
      installation {
        hasPublicLinks
      }
      node(id: $subject) {
        __typename
        ... on Task {
          name
          publicLinks {
            ...PublicLink
          }
        }
        ... on Workflow {
          name
          definition
          publicLinks {
            ...PublicLink
          }
        }
      }
    }
  `,[v]),b=c(`
  mutation CreatePublicLink($input: CreatePublicLinkInput!) {
    createPublicLink(input: $input) {
      url
      userErrors {
        field
        message
      }
    }
  }
`),x=c(`
  mutation RotatePublicLink($id: ID!) {
    rotatePublicLink(input: { id: $id }) {
      url
      userErrors {
        message
      }
    }
  }
`),S=c(`
  mutation RevokePublicLink($id: ID!) {
    revokePublicLink(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`),C=100;function w({subject:t,name:r,created:i,close:a}){let[o,s]=e(r),{send:c,isBusy:l,problems:u}=p(b);return n(f,{title:`New status page`,close:a,children:n(m,{problems:u,submit:async()=>{await c({input:{subjectId:t,kind:`STATUS`,title:o===r?null:o}})&&(i(),a())},children:[n(`p`,{children:`Everyone who has the link sees its title, its state, when its latest runs were due, and how many of them succeeded: no address, no error, no response.`}),n(h,{name:`title`,label:`Title`,hint:`On the badge and the page`,children:e=>n(`input`,{...e,required:!0,maxlength:C,autocomplete:`off`,value:o,onInput:e=>s(e.currentTarget.value)})}),n(E,{action:`Create link`,isBusy:l,close:a})]})})}function T({subject:t,inputs:r,created:i,close:a}){let[o,s]=e(``),{send:c,isBusy:l,problems:u}=p(b),d=r.filter(({type:e})=>e===`object`||e===`any`);return n(f,{title:`New trigger URL`,close:a,children:n(m,{problems:u,submit:async()=>{let e=await c({input:{subjectId:t,kind:`TRIGGER`,requestInput:o||null}});e?.createPublicLink.url&&(i(e.createPublicLink.url,o!==``),a())},children:[n(`p`,{children:`Whoever has the URL can start a run with a POST request, up to 60 times a minute. Treat it like a password.`}),d.length>0&&n(h,{name:`requestInput`,label:`Request`,children:e=>n(`select`,{...e,value:o,onChange:e=>s(e.currentTarget.value),children:[n(`option`,{value:``,children:`A JSON object of inputs`}),d.map(({name:e})=>n(`option`,{value:e,children:[`The input `,e,` gets all of it`]},e))]})}),n(E,{action:`Create URL`,isBusy:l,close:a})]})})}function E({action:e,isBusy:t,close:r}){return n(`div`,{class:`buttons`,children:[n(`button`,{type:`button`,onClick:r,children:`Cancel`}),n(`button`,{class:`main`,disabled:t,children:e})]})}function D({link:{id:e},what:r,done:i,renewed:a}){let o=p(x),s=p(S),c=o.isBusy||s.isBusy,l=async()=>{let t=`The present URL of this ${r} stops working at once.`;if(!await d({title:`Get a new URL?`,text:t,action:`New URL`}))return;let n=await o.send({id:e});n&&(u(`It has a new URL.`),n.rotatePublicLink.url&&a?.(n.rotatePublicLink.url)),i()},f=async()=>{let t=`The URL of this ${r} stops working at once, and for good.`;await d({title:`Revoke this link?`,text:t,action:`Revoke`})&&(await s.send({id:e})&&u(`The link is revoked.`),i())},m=o.problems.general||s.problems.general;return n(t,{children:[n(`button`,{type:`button`,disabled:c,onClick:()=>void l(),children:`New URL`}),n(`button`,{type:`button`,disabled:c,onClick:()=>void f(),children:`Revoke`}),m&&n(`p`,{class:`problem`,role:`alert`,children:m})]})}var O={string:`…`,integer:1,number:1.5,boolean:!0,array:[],object:{},any:`…`};function k(e,t,n){return`[![${e.replace(/[[\]\\]/g,`\\$&`)}](${t})](${n})`}function A(e,t,n){let r=t.filter(({isRequired:e})=>e),i=r.length>0?r:t.slice(0,1);if(n)return`curl '${e}' --json '{"any": "JSON"}'`;if(i.length===0)return`curl -X POST '${e}'`;let a=Object.fromEntries(i.map(({name:e,type:t})=>[e,O[t]??`…`]));return`curl '${e}' --json '${JSON.stringify(a).replaceAll(`'`,`\\u0027`)}'`}function j({link:e,name:r,done:i}){let{title:a,url:o,badgeUrl:s}=e;if(o===null||s===null)return null;let c=k(a??r,s,o);return n(t,{children:[n(`div`,{class:`about`,children:[n(`img`,{class:`public-badge`,src:M(s),alt:`Badge of ${a??r}`,height:20}),n(`p`,{class:`faint small`,children:`Badge and status page, for everyone who has the link`}),n(`code`,{class:`snippet`,children:c})]}),n(`div`,{class:`buttons`,children:[n(`a`,{class:`button`,href:M(o),target:`_blank`,rel:`noreferrer`,children:`Open page`}),n(_,{value:c,label:`Copy Markdown`}),n(_,{value:o,label:`Copy URL`}),n(D,{link:e,what:`badge and status page`,done:i})]})]})}function M(e){return new URL(e).pathname}function N({link:e,done:r,renewed:i}){let{hint:a,requestInput:o,lastUsedAt:c,createdAt:l}=e;return n(t,{children:[n(`div`,{class:`about`,children:[n(`p`,{children:[`Trigger URL `,n(`code`,{children:[`…`,a]})]}),n(`p`,{class:`faint small`,children:[c?n(t,{children:[`Last used `,n(s,{at:c})]}):n(t,{children:[`Never used, created `,n(s,{at:l})]}),o&&n(t,{children:[` `,`· the request is the input `,n(`code`,{children:o})]})]})]}),n(`div`,{class:`buttons`,children:n(D,{link:e,what:`trigger URL`,done:r,renewed:i})})]})}function P({url:e,inputs:t,takesRequest:r,close:i}){return n(`div`,{class:`new-trigger`,children:[n(g,{label:`Whoever has this URL can start it.`,value:e,close:i}),n(`p`,{class:`faint small`,children:`For example:`}),n(`code`,{class:`snippet`,children:A(e,t,r)})]})}var F=5e3;function I({subject:e}){let{data:t,reread:i}=r(y,{subject:e},{concerns:e=>a(e)||o(e),pace:F}),s=t?.node;if(s?.__typename!==`Task`&&s?.__typename!==`Workflow`||!t?.installation.hasPublicLinks)return null;let c=s.__typename===`Workflow`?l(s.definition):[];return n(L,{subject:e,name:s.name,links:s.publicLinks,inputs:c,done:i})}function L({subject:t,name:r,links:a,inputs:o,done:s}){let[c,l]=e(null),[u,d]=e(null),f=()=>l(null),p=(e,t)=>{d({url:e,takesRequest:t}),s()};return n(i,{title:`Public links`,aside:n(R,{ask:l}),children:[u&&n(P,{url:u.url,inputs:o,takesRequest:u.takesRequest,close:()=>d(null)}),a.length===0&&!u&&n(`p`,{class:`faint`,children:`Show its state to people without an account by a badge and a status page, or let a webhook start it.`}),a.length>0&&n(`ul`,{class:`public-links`,children:a.map(e=>n(`li`,{children:e.kind===`STATUS`?n(j,{link:e,name:r,done:s}):n(N,{link:e,done:s,renewed:t=>p(t,e.requestInput!==null)})},e.id))}),c===`STATUS`&&n(w,{subject:t,name:r,created:s,close:f}),c===`TRIGGER`&&n(T,{subject:t,inputs:o,created:p,close:f})]})}function R({ask:e}){return n(`span`,{class:`new-links`,children:[n(`button`,{type:`button`,onClick:()=>e(`STATUS`),children:`New status page`}),n(`button`,{type:`button`,onClick:()=>e(`TRIGGER`),children:`New trigger URL`})]})}export{I as t};