// Command controller keeps one ConfigMap for each Note and says so in its status.
//
// It is the baseline of the bench `reconcile`: the same logic as the guest in tests/guests/note, written as one writes it on
// controller-runtime (Owns, CreateOrUpdate, a status patch where something changed). It is tuned as fairly as we can:
// as many workers as ours, no client-side rate limit, managed fields dropped from the cache, no metrics endpoint, quiet log.
package main

import (
	"context"
	"flag"
	"os"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type noteReconciler struct {
	client.Client
}

func (r *noteReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var note Note
	if err := r.Get(ctx, request.NamespacedName, &note); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !note.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	if err := r.child(ctx, &note); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.state(ctx, &note)
}

func (r *noteReconciler) child(ctx context.Context, note *Note) error {
	child := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: note.Name, Namespace: note.Namespace}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, child, func() error {
		if child.Labels == nil {
			child.Labels = map[string]string{}
		}
		child.Labels["note"] = note.Name
		child.Data = map[string]string{"text": note.Spec.Text}
		return controllerutil.SetControllerReference(note, child, r.Scheme())
	})
	return err
}

func (r *noteReconciler) state(ctx context.Context, note *Note) error {
	before := note.DeepCopy()
	note.Status.Ready = true
	note.Status.Text = note.Spec.Text
	note.Status.Child = note.Name
	meta.SetStatusCondition(&note.Status.Conditions, metav1.Condition{
		Type: "Reconciled", Status: metav1.ConditionTrue, Reason: "Succeeded", ObservedGeneration: note.Generation,
	})
	if equality.Semantic.DeepEqual(before.Status, note.Status) {
		return nil
	}
	return client.IgnoreNotFound(r.Status().Patch(ctx, note, client.MergeFrom(before)))
}

func run(kubeconfig string, concurrency int) error {
	ctrl.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	addToScheme(scheme)
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
	})
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).
		For(&Note{}).
		Owns(&corev1.ConfigMap{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(&noteReconciler{Client: manager.GetClient()})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	// controller-runtime registers -kubeconfig itself.
	concurrency := flag.Int("concurrency", 16, "reconciles at the same time")
	flag.Parse()
	if err := run(flag.Lookup("kubeconfig").Value.String(), *concurrency); err != nil {
		os.Stderr.WriteString("controller: " + err.Error() + "\n")
		os.Exit(1)
	}
}
