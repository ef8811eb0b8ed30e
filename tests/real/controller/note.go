package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Note is a text that somebody wants in a ConfigMap.
type Note struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              NoteSpec   `json:"spec"`
	Status            NoteStatus `json:"status,omitempty"`
}

// NoteSpec is what is wanted.
type NoteSpec struct {
	Text string `json:"text"`
}

// NoteStatus is what is there.
type NoteStatus struct {
	Ready      bool               `json:"ready,omitempty"`
	Text       string             `json:"text,omitempty"`
	Child      string             `json:"child,omitempty"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// NoteList is a list of them.
type NoteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Note `json:"items"`
}

// DeepCopy is what a generator would write.
func (n *Note) DeepCopy() *Note {
	copied := &Note{TypeMeta: n.TypeMeta, Spec: n.Spec, Status: n.Status}
	n.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	copied.Status.Conditions = nil
	for i := range n.Status.Conditions {
		copied.Status.Conditions = append(copied.Status.Conditions, *n.Status.Conditions[i].DeepCopy())
	}
	return copied
}

// DeepCopyObject makes a Note an object.
func (n *Note) DeepCopyObject() runtime.Object {
	return n.DeepCopy()
}

// DeepCopyObject makes a NoteList an object.
func (l *NoteList) DeepCopyObject() runtime.Object {
	copied := &NoteList{TypeMeta: l.TypeMeta}
	l.ListMeta.DeepCopyInto(&copied.ListMeta)
	for i := range l.Items {
		copied.Items = append(copied.Items, *l.Items[i].DeepCopy())
	}
	return copied
}

func addToScheme(scheme *runtime.Scheme) {
	version := schema.GroupVersion{Group: "bench.example.org", Version: "v1"}
	scheme.AddKnownTypes(version, &Note{}, &NoteList{})
	metav1.AddToGroupVersion(scheme, version)
}
